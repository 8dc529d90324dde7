export { createVaultProvider, type VaultOptions } from './provider.ts'
export type { VaultRef } from './ref.ts'
export type { VaultSettings } from './settings.ts'
