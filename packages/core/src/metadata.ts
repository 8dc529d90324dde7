import type { KeyGroup, Providers } from './key-group.ts'
import type { Selection } from './selector.ts'
import type { Plain, PlainMap } from './tree.ts'

export interface Metadata {
  readonly groups: readonly KeyGroup[]
  /** 0 if none is stored. */
  readonly threshold: number
  /** RFC 3339 to the second: the MAC's associated data. */
  readonly lastModified: string
  /** Encrypted; empty if the file has none. */
  readonly mac: string
  /** null: everything is encrypted (binary files). */
  readonly selection: Selection | null
  readonly macOnlyEncrypted: boolean
  readonly version: string
  /** The block as found; null-prototype and empty for a new one. What is not named above survives from here. */
  readonly found: PlainMap
}
export declare function parseMetadata(block: Plain | undefined, providers: Providers): Metadata
export declare function serializeMetadata(metadata: Metadata, providers: Providers): PlainMap
/** Strict SemVer, as the commands that decrypt values want it. */
export declare function checkVersion(version: string): void
