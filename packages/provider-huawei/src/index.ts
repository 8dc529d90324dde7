export { createHuaweiProvider } from './provider.ts'
export type { HuaweiRef } from './ref.ts'
export type { Credential, CredentialSource, HuaweiSettings } from './settings.ts'
