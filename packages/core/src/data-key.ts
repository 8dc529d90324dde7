import type { KeyObject } from 'node:crypto'
import type { CodedError } from './errors.ts'
import type { KeyGroup, Providers } from './key-group.ts'

/** What one key answered when the data key was asked for. */
export interface KeyReport {
  /** 0-based. */
  readonly group: number
  readonly type: string
  readonly name: string
  /** 'absent': nothing here fits the key. 'untried': the group was open already, or enough groups were. */
  readonly outcome: 'recovered' | 'absent' | 'failed' | 'untried'
  /** Of a key that failed. */
  readonly error: CodedError | undefined
}

export interface WrapRequest {
  readonly groups: readonly KeyGroup[]
  /** 0 or absent: as many as there are groups. Not looked at when there is one group. */
  readonly threshold?: number
  readonly providers: Providers
  readonly signal?: AbortSignal
}
export interface WrappedKey {
  readonly groups: readonly KeyGroup[]
  /** To be stored; 0 if it need not be. */
  readonly threshold: number
}
export declare function generateDataKey(random?: (bytes: number) => Uint8Array): KeyObject
export declare function wrapDataKey(dataKey: KeyObject, request: WrapRequest): Promise<WrappedKey>

export interface RecoverRequest {
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
  readonly providers: Providers
  /** Kinds of keys to try first; see `parseDecryptionOrder`. */
  readonly decryptionOrder?: readonly string[]
  readonly signal?: AbortSignal
}
export declare function recoverDataKey(request: RecoverRequest): Promise<KeyObject>
export declare function parseDecryptionOrder(text: string): readonly string[]
