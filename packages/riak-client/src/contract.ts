export { type BucketUnderTest, bucketContract } from "./bucket.contract.ts";
