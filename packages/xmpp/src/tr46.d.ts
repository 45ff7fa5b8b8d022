/** The part of tr46 6.0 that is used. It has no declarations of its own. */
declare module "tr46" {
  export interface ProcessingOptions {
    readonly checkHyphens?: boolean;
    readonly checkBidi?: boolean;
    readonly checkJoiners?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
    readonly transitionalProcessing?: boolean;
    readonly ignoreInvalidPunycode?: boolean;
  }
  /** @returns null where the name is not valid. */
  export function toASCII(
    domainName: string,
    options?: ProcessingOptions & { readonly verifyDNSLength?: boolean },
  ): string | null;
  export function toUnicode(
    domainName: string,
    options?: ProcessingOptions,
  ): { readonly domain: string; readonly error: boolean };
}
