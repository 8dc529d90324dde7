/**
 * A real OpenBao with transit engines, in memory.
 * @module
 */
import { launch, type Service } from './launch.ts'
import { rigProgram } from './rigs.ts'

export interface VaultSeed {
  /** What `transit/backup` gave, by engine and name of the key: `transit/one`. */
  readonly backups: Readonly<Record<string, string>>
}

export interface OpenBao extends Service {
  readonly token: string
  /** @param path - behind `/v1/`. @returns the answer's JSON; undefined if it has none. @throws Error for a refusal */
  ask(method: string, path: string, body?: object): Promise<unknown>
  /** The URI of a key. */
  key(name: string, engine?: string): string
}

const TOKEN = 'waxseal-test-root'

/** Undefined where the rig was left out. */
export const baoProgram: string | undefined = rigProgram('openbao', 'bao')

/** With an engine `transit`, and those that hold the seed's keys. */
export async function startOpenBao(seed: VaultSeed = { backups: {} }): Promise<OpenBao> {
  const service = await launch({
    name: 'openbao',
    program: baoProgram ?? '',
    args: (port) => ['server', '-dev', `-dev-root-token-id=${TOKEN}`, `-dev-listen-address=127.0.0.1:${port}`, '-dev-no-store-token'],
    readyPath: '/v1/sys/health',
  })
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${service.url}/v1/${path}`, { method, headers: { 'x-vault-token': TOKEN }, ...(body && { body: JSON.stringify(body) }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const engines = new Set(['transit', ...Object.keys(seed.backups).map((key) => key.slice(0, key.lastIndexOf('/')))])
  for (const engine of engines) await ask('POST', `sys/mounts/${engine}`, { type: 'transit' })
  for (const [key, backup] of Object.entries(seed.backups)) {
    const slash = key.lastIndexOf('/')
    await ask('POST', `${key.slice(0, slash)}/restore${key.slice(slash)}`, { backup })
  }
  return { ...service, token: TOKEN, ask, key: (name, engine = 'transit') => `${service.url}/v1/${engine}/keys/${name}` }
}
