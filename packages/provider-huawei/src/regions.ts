/**
 * Where the services of HuaweiCloud's regions are. A file names the region, so only known ones have an address.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 services/kms/v2/region, core/auth/internal/iam_endpoint.go.
 * @module
 */

const KMS_REGIONS = new Set([
  'ae-ad-1', 'af-north-1', 'af-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5', 'cn-east-2', 'cn-east-3',
  'cn-east-4', 'cn-east-5', 'cn-north-1', 'cn-north-11', 'cn-north-12', 'cn-north-2', 'cn-north-4', 'cn-north-9', 'cn-south-1', 'cn-south-2', 'cn-south-4',
  'cn-southwest-2', 'cn-southwest-3', 'eu-west-101', 'la-north-2', 'la-south-2', 'me-east-1', 'my-kualalumpur-1', 'na-mexico-1', 'ru-moscow-1', 'sa-brazil-1',
  'tr-west-1',
])
/** Regions whose identities are those of the whole cloud. */
const WITHOUT_IAM = new Set(['af-north-1', 'ap-southeast-5', 'cn-north-11', 'cn-south-4', 'cn-southwest-3', 'eu-west-101'])

export const GLOBAL_IAM = 'https://iam.myhuaweicloud.com'

/** @returns undefined for a region that is not known */
export function kmsEndpoint(region: string): string | undefined {
  if (!KMS_REGIONS.has(region)) return undefined
  return `https://kms.${region}.myhuaweicloud.${region === 'eu-west-101' ? 'eu' : 'com'}`
}

export function iamEndpoint(region: string): string {
  return KMS_REGIONS.has(region) && !WITHOUT_IAM.has(region) ? `https://iam.${region}.myhuaweicloud.com` : GLOBAL_IAM
}
