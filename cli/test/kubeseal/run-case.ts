/**
 * Runs one recorded case: its files in a folder, its routes on a stand-in for the API server, its words through the handler.
 * @module
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, relative } from 'node:path'
import { kubeseal } from '../../src/kubeseal/kubeseal.ts'
import { runHandler, testFolder } from '../test-context.ts'
import { contentOf, normalise, type Case, type Exchange, type Outcome } from './corpus.ts'

const NOWHERE = 'http://127.0.0.1:1'

export async function runCase(recorded: Case): Promise<Outcome> {
  const cwd = testFolder()
  const requests: Exchange[] = []
  const server = recorded.http && (await startServer(recorded.http, requests))
  const url = server ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : NOWHERE
  const fill = (text: string): string => text.replaceAll('{{SERVER}}', url).replaceAll('{{CWD}}', cwd)
  try {
    const before = new Map<string, Buffer>()
    for (const [name, content] of Object.entries(recorded.files ?? {})) {
      const bytes = contentOf(content)
      before.set(name, bytes.includes('{{SERVER}}') ? Buffer.from(fill(bytes.toString())) : bytes)
      const path = join(cwd, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, before.get(name) ?? '')
      chmodSync(path, 0o644)
    }
    const env = Object.fromEntries(Object.entries(recorded.env ?? {}).map(([name, value]) => [name, fill(value)]))
    const stdinBytes = recorded.stdin ? contentOf(recorded.stdin) : Buffer.alloc(0)
    const ended = await runHandler(kubeseal, recorded.argv.map(fill), { cwd, env, stdinBytes })
    const shown = (text: string): string => normalise(text.replaceAll(url, '{{SERVER}}').replaceAll(cwd, '{{CWD}}'))
    return {
      exit: ended.status,
      stdout: shown(ended.stdout),
      stderr: shown(ended.stderr),
      files: changedFiles(cwd, before, shown),
      ...(server && { requests: requests.map((request) => ({ ...request, body: normalise(request.body) })) }),
    }
  } finally {
    server?.closeAllConnections()
    server?.close()
  }
}

function changedFiles(cwd: string, before: ReadonlyMap<string, Buffer>, shown: (text: string) => string): Outcome['files'] {
  const files: Record<string, { text: string; mode: string }> = {}
  for (const entry of readdirSync(cwd, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = relative(cwd, path)
    const bytes = readFileSync(path)
    if (before.get(name)?.equals(bytes)) continue
    files[name] = { text: shown(bytes.toString()), mode: `0${(statSync(path).mode & 0o777).toString(8)}` }
  }
  return files
}

/** Answers with the given routes, 404 otherwise, and keeps what it was asked. */
export function startServer(routes: NonNullable<Case['http']>, seen: Exchange[]): Promise<Server> {
  const missing = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'the server could not find the requested resource', reason: 'NotFound', code: 404 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, path: url, accept: headers.accept ?? '', body: Buffer.concat(chunks).toString() })
      const route = routes[`${method} ${url}`] ?? { status: 404, type: 'application/json', body: JSON.stringify(missing) }
      response.writeHead(route.status, { 'content-type': route.type ?? 'text/plain; charset=utf-8' }).end(route.body)
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** Fields that differ from the recording. A field `NAME_re` is a pattern for NAME. */
export function differences({ expect: wanted }: Case, got: Outcome): string[] {
  const fields = ['exit', 'stdout', 'stderr', 'files', 'requests'] as const
  return fields.filter((field) => {
    if (field === 'stdout' && wanted.stdout_re !== undefined) return !matches(wanted.stdout_re, got.stdout)
    if (field === 'stderr' && wanted.stderr_re !== undefined) return !matches(wanted.stderr_re, got.stderr)
    return wanted[field] !== undefined && canonical(wanted[field]) !== canonical(got[field])
  })
}

/** Patterns are Python's; `(?s)` is the flag s here. */
function matches(pattern: string, text: string): boolean {
  return new RegExp(pattern.replace('(?s)', ''), 's').test(text)
}

/** Objects compare by content, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item,
  )
}
