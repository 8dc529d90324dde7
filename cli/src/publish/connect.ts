/**
 * Finds the destination of a rule. Each kind is loaded when it is asked for.
 * @module
 */
import type { DestinationRule } from '@waxseal/core'
import type { Context } from '../context.ts'
import type { Destination } from './destination.ts'

/** @param warn - tells what went wrong without ending the upload */
export async function connectDestination(rule: NonNullable<DestinationRule['destination']>, context: Context, warn: (message: string) => void): Promise<Destination> {
  if (rule.kind === 'vault') return (await import('./vault-values.ts')).vaultValues(rule, context, warn)
  return rule.kind === 's3' ? (await import('./s3.ts')).s3Bucket(rule, context) : (await import('./gcs.ts')).gcsBucket(rule, context)
}
