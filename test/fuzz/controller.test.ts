/**
 * What the whole controller says of objects that it cannot open, over an API in memory.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ControllerInMemory } from './controller.ts'

const KEY = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'sealed-secrets-0.38.4-de72a97b', 'keys', 'k1.secret.json'), 'utf8')) as { readonly metadata: object }
const deep: unknown = JSON.parse(`${'{"a":'.repeat(900)}1${'}'.repeat(900)}`)
const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`k${n}`, '']))

it.each([
  ['metadata is nested too deep', { encryptedData: {}, template: { metadata: { creationTimestamp: deep } } }],
  ['spec.encryptedData has more than 10000 entries', { encryptedData: many }],
  ['labels has more than 10000 entries', { encryptedData: {}, template: { metadata: { labels: many } } }],
  ['no key could decrypt secret (k)', { encryptedData: { k: 'AgA=' } }],
])('event and status say: %s', async (message, spec) => {
  const controller = new ControllerInMemory([{ ...KEY, metadata: { ...KEY.metadata, uid: 'k', resourceVersion: '1' } }])
  const { texts, strayWrites } = await controller.take({ spec }, undefined)
  expect(strayWrites).toEqual([])
  const told = texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Record<string, unknown>)
  expect(told).toContainEqual(expect.objectContaining({ reason: 'ErrUnsealFailed', message: `Failed to unseal: ${message}` }))
  expect(told).toContainEqual({ observedGeneration: 1, conditions: [expect.objectContaining({ type: 'Synced', status: 'False', message })] })
})
