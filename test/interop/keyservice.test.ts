/**
 * Key services: the real sops asks ours, and ours is asked by the real one.
 */
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, start, testFolder, type Finished } from '../programs.ts'
import { freePort } from '../rigs/launch.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops') ?? ''
const sops = built('sops')
/** Many programs, one after the other. */
const LONG_MS = 120_000
const PLAIN = 'a: secret\n'

interface KeyService {
  readonly uri: string
  readonly socket: string | undefined
  /** All that it wrote, and how it ended. @param signal - what ends it */
  stop(signal: NodeJS.Signals): Promise<Pick<Finished, 'status' | 'stdout' | 'stderr'>>
}

/** With the recorded identity. @param answers - what is typed when it asks */
async function serve(program: string, network: 'unix' | 'tcp', answers?: string): Promise<KeyService> {
  const cwd = testFolder()
  const port = await freePort()
  const socket = network === 'unix' ? join(cwd, 'keys.sock') : undefined
  const address = socket ?? `127.0.0.1:${port}`
  const args = ['keyservice', '--verbose', '--network', network, '--address', address, ...(answers === undefined ? [] : ['--prompt'])]
  const server = start(program, args, { cwd, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
  onTestFinished(() => void server.kill('SIGKILL'))
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  server.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  server.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  const ended = once(server, 'close')
  server.stdin?.write(answers ?? '')
  while (!(await accepts(socket ?? port))) {
    if (server.exitCode !== null) throw new Error(`the key service ended: ${Buffer.concat(err).toString()}`)
    await delay(50)
  }
  return {
    uri: network === 'unix' ? `unix://${address}` : `tcp://${address}`,
    socket,
    async stop(signal) {
      server.kill(signal)
      await ended
      return { status: server.exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }
    },
  }
}

async function accepts(address: string | number): Promise<boolean> {
  const socket = typeof address === 'string' ? connect(address) : connect(address, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** As somebody who has no identity. */
function ask(program: string, { uri }: KeyService, args: readonly string[], cwd: string): Promise<Finished> {
  const [command = '', ...words] = args
  return run(program, [command, '--enable-local-keyservice=false', '--keyservice', uri, ...words], { cwd })
}

function folderWithPlain(): string {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.yaml'), PLAIN)
  return cwd
}

describe.skipIf(!realSops)(`key services${realSops ? '' : ' (left out: rig sops)'}`, { timeout: LONG_MS }, () => {
  it.each([
    ['ours', 'the real sops', 'unix', sops, realSops],
    ['ours', 'the real sops', 'tcp', sops, realSops],
    ['the real one', 'our sops', 'unix', realSops, sops],
    ['the real one', 'our sops', 'tcp', realSops, sops],
  ] as const)('%s wraps and unwraps for %s over %s', async (_, __, network, server, client) => {
    const service = await serve(server, network)
    const cwd = folderWithPlain()
    expect(await ask(client, service, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], cwd)).toMatchObject({ status: 0, stderr: '' })
    expect((await run(client, ['decrypt', 'f.yaml'], { cwd })).status).toBe(128)
    const opened = await ask(client, service, ['decrypt', 'f.yaml'], cwd)
    expect({ status: opened.status, stdout: opened.stdout.toString(), stderr: opened.stderr }).toEqual({ status: 0, stdout: PLAIN, stderr: '' })
  })

  it('of ours is its owner\'s alone, from the first moment that it is there', async () => {
    const { socket = '' } = await serve(sops, 'unix')
    expect(statSync(socket).mode & 0o777).toBe(0o600)
  })

  it.each([['SIGTERM', 'terminated'], ['SIGINT', 'interrupt']] as const)('ends at %s, and takes its socket away', async (signal, word) => {
    const service = await serve(sops, 'unix')
    const { status, stderr } = await service.stop(signal)
    const lines = stderr.replaceAll(/ time="[^"]*"/g, '')
    expect({ status, lines }).toEqual({ status: 0, lines: `[KEYSERVICE]\t level=info msg="Listening on ${service.uri}"\n[KEYSERVICE]\t level=info msg="Caught signal ${word}: shutting down."\n` })
    expect(() => statSync(service.socket ?? '')).toThrow('ENOENT')
  })

  it('asks before it answers, in the words of the real one', async () => {
    const asked: Finished['stdout'][] = []
    for (const [server, client] of [[sops, realSops], [realSops, sops]] as const) {
      const service = await serve(server, 'unix', 'y\nn\n')
      const cwd = folderWithPlain()
      expect((await ask(client, service, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], cwd)).status).toBe(0)
      const refused = await ask(client, service, ['decrypt', 'f.yaml'], cwd)
      expect(refused).toMatchObject({ status: 128, stderr: expect.stringContaining('PermissionDenied desc = Request rejected') })
      expect(refused.stdout.toString()).toBe('')
      asked.push((await service.stop('SIGTERM')).stdout)
    }
    expect(asked[0]?.toString()).toContain('Received encrypt request using Unknown key type. Respond to request? (y/n): ')
    expect(asked[0]?.toString()).toBe(asked[1]?.toString())
  })
})
