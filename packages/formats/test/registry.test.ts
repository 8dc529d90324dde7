import { expect, it } from 'vitest'
import { binary, dotenv, formatByName, formatForPath, formats, ini, json, yaml } from '../src/index.ts'

it('finds a format by its name', () => {
  expect(formats.map(({ name }) => name)).toEqual(['yaml', 'json', 'dotenv', 'ini', 'binary'])
  expect(formatByName('ini')).toBe(ini)
  expect(formatByName('')).toBeUndefined()
})

it.each([
  ['a.yaml', yaml], ['/b/a.yml', yaml], ['a.json', json], ['.env', dotenv], ['prod.env', dotenv], ['a.ini', ini],
  ['a.YAML', binary], ['a.env.local', binary], ['', binary], ['a.yaml/', binary],
])('%j is read by the ending of its name', (path, format) => {
  expect(formatForPath(path)).toBe(format)
})

it('reserves the place of the metadata', () => {
  for (const format of [yaml, json, ini, binary]) expect([format.isReservedKey('sops'), format.isReservedKey('sops_mac')]).toEqual([true, false])
  expect([dotenv.isReservedKey('sops'), dotenv.isReservedKey('sops_mac')]).toEqual([false, true])
})
