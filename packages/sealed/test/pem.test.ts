import { describe, expect, it } from 'vitest'
import { pemBlocks, toPem } from '../src/pem.ts'

const block = (type: string, body = 'AAAA'): string => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`
const types = (text: string): string[] => [...pemBlocks(text)].map(({ type }) => type)

describe('PEM blocks', () => {
  it('are found between anything else', () => {
    expect(types(`text\n${block('A')}\n# note\r\n${block('B').replaceAll('\n', '\r\n')}`)).toEqual(['A', 'B'])
  })

  it('that are broken are passed over', () => {
    expect(types(block('A', 'AAA') + block('B'))).toEqual(['B'])
    expect(types(`-----BEGIN A-----\nAAAA\n${block('B')}`)).toEqual(['B'])
    expect(types('-----BEGIN A-----\nAAAA\n')).toEqual([])
    expect(types(`x${block('A')}`)).toEqual([])
  })

  it('tell whether they have headers', () => {
    const [found] = pemBlocks(block('A', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAQID'))
    expect(found).toEqual({ type: 'A', hasHeaders: true, der: Buffer.from([1, 2, 3]) })
  })

  it('come back as they were written', () => {
    const der = Buffer.alloc(200, 7)
    expect([...pemBlocks(toPem('CERTIFICATE', der))]).toEqual([{ type: 'CERTIFICATE', hasHeaders: false, der }])
  })

  it('are searched in linear time', () => {
    const started = performance.now()
    expect(types('-----BEGIN A-----\n'.repeat(200_000))).toEqual([])
    expect(types(`${'-----BEGIN A-----\n'.repeat(100_000)}-----END B-----`)).toEqual([])
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
