export type { RunProgram, ProgramEnd } from './gpg.ts'
export type { Keyring } from './keyring.ts'
export { createPgpProvider, type PgpOptions } from './provider.ts'
export type { PgpRef } from './ref.ts'
