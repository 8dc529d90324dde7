import { describe, expect, it } from 'vitest'
import { Metrics } from '../src/metrics.ts'

const PREFIX = 'sealed_secrets_controller_'
const state = (synced: boolean | undefined) => ({ generation: 1, synced, message: '' })

function metrics(omitConditions = false): Metrics {
  return new Metrics({ version: 'v1.2.3', omitConditions, isLeading: () => true, queue: { length: 0, delayed: 0 }, keys: () => [], openedByKey: () => new Map() })
}

/** Lines of one metric, without its help. */
async function linesOf(name: string, { registry }: Metrics): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${PREFIX}${name}`))
}

const condition = (instance: string, value: number, name = 'a'): string => `${PREFIX}condition_info{namespace="ns",name="${name}",condition="Synced",ss_app_kubernetes_io_instance="${instance}"} ${value}`

describe('the metrics of upstream', () => {
  it.each([[true, 1], [false, -1], [undefined, 0]])('show a condition that is %s as %d', async (synced, value) => {
    const told = metrics()
    told.setCondition('ns/a', 'ns', 'a', 'shop', state(synced))
    expect(await linesOf('condition_info', told)).toEqual([condition('shop', value)])
  })

  it('leave no series behind when the instance label changes or the SealedSecret goes', async () => {
    const told = metrics()
    told.setCondition('ns/a', 'ns', 'a', 'shop', state(true))
    told.setCondition('ns/b', 'ns', 'b', '', state(true))
    told.setCondition('ns/a', 'ns', 'a', 'store', state(false))
    expect(await linesOf('condition_info', told)).toEqual([condition('', 1, 'b'), condition('store', -1)])
    told.dropCondition('ns/a')
    told.dropCondition('ns/a')
    expect(await linesOf('condition_info', told)).toEqual([condition('', 1, 'b')])
  })

  it('tell no names of SealedSecrets where they are not to', async () => {
    const told = metrics(true)
    told.setCondition('ns/a', 'ns', 'a', 'shop', state(true))
    expect(await linesOf('condition_info', told)).toEqual([])
  })

  it('have the version in a gauge that is 0, and methods in lower case', async () => {
    const told = metrics()
    expect(await linesOf('build_info', told)).toEqual([`${PREFIX}build_info{revision="v1.2.3"} 0`])
    told.countHttp('/v1/verify', 'POST', 200, 0.1)
    told.countHttp('/v1/verify', 'BREW', 200, 0.1)
    expect((await linesOf('http_requests_total', told)).sort()).toEqual([
      `${PREFIX}http_requests_total{path="/v1/verify",code="200",method="post"} 1`,
      `${PREFIX}http_requests_total{path="/v1/verify",code="200",method="unknown"} 1`,
    ])
  })
})
