export { createAuthorize } from './credentials.ts'
export { createGcpProvider } from './provider.ts'
export type { GcpRef } from './ref.ts'
export type { GcpSettings } from './settings.ts'
