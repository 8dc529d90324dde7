import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kubeseal } from '../../src/kubeseal/kubeseal.ts'
import { runHandler, testFolder } from '../test-context.ts'
import { CORPUS } from './corpus.ts'

const cert = join(CORPUS, 'keys/k1.crt')
const secret = (name: string, labels: object = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop', labels }, data: { a: 'MQ==' } })
const seal = (stdin: string, ...args: string[]) => runHandler(kubeseal, ['--cert', cert, ...args], { cwd: testFolder(), stdin })
const namesIn = (text: string): string[] => [...text.matchAll(/^ {2}name: (\S+)$/gm)].map(([, name = '']) => name)

describe('streams where the original loses documents or does not end', () => {
  it('numbers for labels do not end a stream of JSON objects', async () => {
    const { status, stdout } = await seal(`${secret('a', { n: 5 })}\n${secret('b')}`, '-o', 'yaml')
    expect([status, namesIn(stdout)]).toEqual([0, ['a', 'b']])
    expect(stdout).toContain('"n": "5"')
  })

  it.each([`${secret('a')}\n${secret('b')}\n}`, `${secret('a')}\n${secret('b')}\nword`, `${secret('a')}}`])('what is no object at the end is passed over: %#', async (stdin) => {
    const { status, stdout } = await seal(stdin, '-o', 'yaml')
    expect(status).toBe(0)
    expect(namesIn(stdout)).toEqual(stdin.includes('"b"') ? ['a', 'b'] : ['a'])
  })

  it('nothing between JSON objects is nothing', async () => {
    const { status, stdout } = await seal(`${secret('a')}\nnull\n${secret('b')} null null`, '-o', 'yaml')
    expect([status, namesIn(stdout)]).toEqual([0, ['a', 'b']])
  })

  it.each([
    ['', 'a'],
    ['{"kind":"SealedSecret","metadata":{"name":"t","namespace":"shop"},"spec":{"template":{}}}', 't'],
  ])('a target without items takes some: %j', async (target, name) => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 't.json'), target)
    const { status } = await runHandler(kubeseal, ['--cert', cert, '--merge-into', 't.json'], { cwd, stdin: secret('a', { l: 'x' }) })
    expect(status).toBe(0)
    const spec = { template: { metadata: { labels: { l: 'x' } } }, encryptedData: { a: expect.stringMatching(/^AQ/) } }
    expect(JSON.parse(readFileSync(join(cwd, 't.json'), 'utf8'))).toMatchObject({ metadata: { name, namespace: 'shop' }, spec })
  })

  it('YAML says how its values were decoded', async () => {
    const { status, stderr } = await seal('apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {x: "%"}\n')
    expect([status, stderr]).toEqual([1, 'error: error unmarshaling JSON: while decoding JSON: illegal base64 data at input byte 0\n'])
  })
})
