import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT_STATUS } from '@waxseal/cli'
import { ROOT } from '../programs.ts'

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

describe('the documents', () => {
  it('link to pages that exist', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].filter(([, target = '']) => !existsSync(join(ROOT, page, '..', target))).map(([link]) => `${page}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('name tests and folders that exist', () => {
    const named = [...read('docs/deviations.md').matchAll(/`((?:test|cli|controller|packages)\/[\w./-]+)`/g)].map(([, path = '']) => path)
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('give a reason for each runtime dependency', () => {
    const listed = read('docs/dependencies.md')
    const missing = ['cli', 'controller', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)].flatMap((folder) => {
      const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as { dependencies?: Record<string, string> }
      return Object.keys(dependencies).filter((name) => !name.startsWith('@waxseal/') && !listed.includes(`\`${name}\``))
    })
    expect(missing).toEqual([])
  })

  it('list every exit status', () => {
    const rows = new Map([...read('docs/exit-statuses.md').matchAll(/^\| (\d+) \| ([A-Z_]+) \| .+ \|$/gm)].map(([, status, code]) => [code, Number(status)]))
    expect(Object.fromEntries(rows)).toEqual(EXIT_STATUS)
  })
})
