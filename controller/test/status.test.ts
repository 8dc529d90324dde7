import { describe, expect, it } from 'vitest'
import { nextStatus, syncStateOf, type SealedSecretStatus } from '../src/status.ts'

const NOW = new Date('2026-01-02T03:04:05.678Z')
const TIME = '2026-01-02T03:04:05Z'
const OLD = '2020-01-01T00:00:00Z'
const old: SealedSecretStatus = {
  observedGeneration: 1,
  conditions: [
    { type: 'Other', status: 'True' },
    { type: 'Synced', status: 'True', lastUpdateTime: OLD, lastTransitionTime: OLD },
  ],
}

describe('the status', () => {
  it('begins with both times the same and no message', () => {
    expect(nextStatus(undefined, { generation: 1, synced: true, message: '' }, NOW)).toEqual({
      observedGeneration: 1,
      conditions: [{ type: 'Synced', status: 'True', lastUpdateTime: TIME, lastTransitionTime: TIME }],
    })
  })

  it('keeps the time of the transition while the status is the same, and conditions of others', () => {
    expect(nextStatus(old, { generation: 2, synced: true, message: '' }, NOW).conditions).toEqual([
      { type: 'Other', status: 'True' },
      { type: 'Synced', status: 'True', lastUpdateTime: TIME, lastTransitionTime: OLD },
    ])
  })

  it('moves it when the status flips', () => {
    expect(nextStatus(old, { generation: 2, synced: false, message: 'why' }, NOW).conditions?.[1]).toEqual({
      type: 'Synced',
      status: 'False',
      message: 'why',
      lastUpdateTime: TIME,
      lastTransitionTime: TIME,
    })
  })

  it.each<[string, SealedSecretStatus | undefined, object]>([
    ['nothing', undefined, { generation: 0, synced: undefined, message: '' }],
    ['no conditions', { observedGeneration: 3, conditions: null }, { generation: 3, synced: undefined, message: '' }],
    ['Unknown', { conditions: [{ type: 'Synced', status: 'Unknown' }] }, { generation: 0, synced: undefined, message: '' }],
    ['True', old, { generation: 1, synced: true, message: '' }],
  ])('reads %s', (_what, status, expected) => {
    expect(syncStateOf(status)).toEqual(expected)
  })
})
