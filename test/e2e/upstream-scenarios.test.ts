import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCluster, type Cluster } from './cluster.ts'
import { recordedKey, Rig } from './controller-rig.ts'
import { UNDER_ALL_ROLES } from './roles.ts'
import { goldens, PLAYS, Stage, withoutEmpty, type Snapshot } from './upstream-scenarios.ts'

/** Recordings that are no scenario of the cluster, or that ours answers otherwise on purpose; their own tests stand elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  exit: 'controller.test.ts',
  http: 'controller/test/http.test.ts',
  metrics: 'controller.test.ts',
  renewal: 'controller.test.ts',
  secret_edited: 'data is restored',
  annotation_only_change_is_ignored: 'a changed scope is tried again',
  null_template_value: 'the item is left out, as later versions do',
  values_that_are_no_strings: 'refused by the server',
  no_encrypted_data: 'refused by the server',
}

/** Upstream tries six times and gives up; ours goes on, with growing waits. */
function comparable({ events, ...rest }: Snapshot): unknown {
  return { ...rest, events: events.map((event) => (event.type === 'Warning' ? { ...event, count: 'some' } : event)) }
}

describe.each(UNDER_ALL_ROLES)('on the %s API server under %s roles, does what upstream did', (server, roles) => {
  let cluster: Cluster
  let rig: Rig
  beforeAll(async () => {
    cluster = await startCluster(server)
    rig = await Rig.start(cluster, { withKey: false, roles })
    await Promise.all(Object.keys(goldens).map((name) => Stage.open(rig, name)))
    for (const name of ['k1', 'k2', 'k3'] as const) await rig.addKey(recordedKey(name))
    await (await rig.controller()).ready()
  })
  afterAll(async () => {
    await rig.stop()
    await cluster.stop()
  })

  it('in every scenario that was recorded', () => {
    expect([...Object.keys(PLAYS), ...Object.keys(ELSEWHERE)].sort()).toEqual(Object.keys(goldens).sort())
  })

  it.concurrent.each(Object.entries(PLAYS))('%s', async (name, play) => {
    const stage = await Stage.open(rig, name)
    await play(stage)
    const recorded = JSON.parse(JSON.stringify(goldens[name]?.['after'])) as Snapshot
    expect(comparable(await stage.snapshot())).toEqual(comparable({ ...recorded, secrets: recorded.secrets.map(withoutEmpty) }))
    const second = goldens[name]?.['second']
    if (second) expect(comparable(await stage.snapshot(`${stage.ns}-2`))).toEqual(comparable({ ...second, secrets: second.secrets.map(withoutEmpty) }))
  })

  it('but leaves out an item whose template is null, as its later versions do', async () => {
    const stage = await Stage.open(rig, 'null_template_value')
    await stage.apply(stage.seal('a', { u: 'v', w: 'x' }), ({ spec }) => {
      spec.template['data'] = { u: null }
    })
    await stage.settled()
    expect(await rig.data('a', stage.ns)).toEqual({ w: 'x' })
  })
})
