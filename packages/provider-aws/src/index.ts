export { createAwsProvider, type AwsOptions } from './provider.ts'
export type { AwsSources, KmsClient, KmsConnection, WebIdentity } from './client.ts'
export type { AwsRef } from './ref.ts'
