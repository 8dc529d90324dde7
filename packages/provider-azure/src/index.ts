export { createAzureProvider } from './provider.ts'
export type { AzureRef } from './ref.ts'
export type { AzureSettings } from './settings.ts'
