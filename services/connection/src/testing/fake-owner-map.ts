import type { Owner, OwnerMap } from "@rollcall/ownership";

/** Owners as the test says, and as they are noted. */
export class FakeOwnerMap implements OwnerMap {
  readonly owners = new Map<number, Owner>();
  readonly revision = 0;
  readonly isCurrent = true;

  ownerOf(partition: number): Owner | undefined {
    return this.owners.get(partition);
  }

  members(): readonly string[] {
    return [...new Set([...this.owners.values()].map(({ instanceId }) => instanceId))];
  }

  onChange(): () => void {
    return () => {};
  }

  note(partition: number, owner: Owner): void {
    if (owner.epoch > (this.owners.get(partition)?.epoch ?? 0)) this.owners.set(partition, owner);
  }
}
