/**
 * Starts a service of a rig for the tests of one file: on a free port of 127.0.0.1, ready when its URL answers 200, stopped by
 * its process id. What it printed is kept and told when it does not come up.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const READY_MS = 60_000
const ASK_AGAIN_MS = 50
const STOP_MS = 3_000
const LOG_TAIL = 4_000

export interface Launch {
  readonly name: string
  readonly program: string
  readonly args: (port: number, folder: string) => readonly string[]
  readonly env?: (port: number, folder: string) => Readonly<Record<string, string>>
  /** Path that answers 200 when the service is ready, on plain HTTP. */
  readonly readyPath: string
}

export interface Service {
  readonly port: number
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** For its files; goes with it. */
  readonly folder: string
  /** Everything that it printed so far. */
  log(): string
  stop(): Promise<void>
}

export async function launch({ name, program, args, env, readyPath }: Launch): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), `waxseal-${name}-`))
  const logFile = join(folder, 'log')
  const output = openSync(logFile, 'w')
  const port = await freePort()
  const child = spawn(program, args(port, folder), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...env?.(port, folder) },
    stdio: ['ignore', output, output],
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await once(child, 'exit')
      clearTimeout(timer)
    }
    rmSync(folder, { recursive: true, force: true })
  }
  const log = (): string => readFileSync(logFile, 'utf8')
  const url = `http://127.0.0.1:${port}`
  let failure: Error | undefined
  child.on('error', (error) => (failure = error))
  const deadline = Date.now() + READY_MS
  while (!(await answers(url + readyPath))) {
    if (failure || child.exitCode !== null || Date.now() > deadline) {
      const tail = log().slice(-LOG_TAIL)
      await stop()
      throw new Error(`${name} did not come up: ${failure?.message ?? `exit status ${child.exitCode}`}\n${tail}`)
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
  }
  return { port, url, folder, log, stop }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).status === 200
  } catch {
    return false
  }
}

/** Nobody has it at the moment; another program could still take it first. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}
