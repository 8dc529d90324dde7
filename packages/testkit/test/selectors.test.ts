import { describe, expect, it } from 'vitest'
import { fieldSelector, labelSelector } from '../src/api-server/selectors.ts'
import { StatusError } from '../src/index.ts'

const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'n', namespace: 'ns', labels: { a: '1', 'x.io/b': '' } }, type: 'Opaque' }

describe('label selector', () => {
  it.each([
    ['', true],
    ['a', true],
    ['!a', false],
    ['! c', true],
    ['a=1', true],
    ['a == 1', true],
    ['a=2', false],
    ['a!=2', true],
    ['c!=2', true],
    ['x.io/b=', true],
    ['a in (1,2)', true],
    ['a in (2, 1)', true],
    ['a notin (1)', false],
    ['c notin (1)', true],
    ['c in (1)', false],
    ['a=1,x.io/b,c notin (1,2)', true],
    ['a=1,c', false],
    ['toString', false],
  ])('%s is %s', (text, result) => {
    expect(labelSelector(text)(object)).toBe(result)
  })

  it.each(['a=1=2', '!', 'a in 1', 'a in (1', 'a b'])('%s is refused', (text) => {
    expect(() => labelSelector(text)).toThrow(StatusError)
  })

  it('is read in linear time', () => {
    const before = Date.now()
    expect(() => labelSelector(`${'a'.repeat(100_000)} ${' '.repeat(100_000)}!`)).toThrow(StatusError)
    expect(Date.now() - before).toBeLessThan(20_000)
  })
})

describe('field selector', () => {
  it.each([
    ['metadata.name=n', true],
    ['metadata.name!=n', false],
    ['metadata.namespace==ns,type=Opaque', true],
    ['type=Other', false],
  ])('%s is %s', (text, result) => {
    expect(fieldSelector(text, ['type'])(object)).toBe(result)
  })

  it('names only fields that the resource offers', () => {
    expect(() => fieldSelector('data.x=1', ['type'])).toThrow(expect.objectContaining({ code: 400, message: 'field label not supported: data.x' }))
  })
})
