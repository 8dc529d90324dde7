/**
 * The real programs that tests compare with. A rig is brought once into the user's cache folder, keyed by what it is built from,
 * and found there by every later run. Tests ask `rig(name)`; without it they are left out, and `pnpm test` says so.
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

export interface Rig {
  readonly name: string
  readonly what: string
  /** Programs that must be on the PATH to bring it. */
  readonly needs: readonly string[]
  /** Go packages that make it, each a program. */
  readonly goTools?: readonly string[]
  /** Folder beside this file with their go.mod; without it, this one. */
  readonly goModule?: string
  readonly goLinkerFlags?: string
  /** Or a Python environment: the file of test/rigs/python with its pinned packages, and the program that it brings. */
  readonly python?: { readonly requirements: string; readonly program: string }
  /** A program of the operating system instead: its name, or a pattern of its path where Debian has more than one, or keeps it off the PATH. */
  readonly system?: { readonly program: string; readonly debianPackage: string }
}

export const RIGS: readonly Rig[] = [
  {
    name: 'sops',
    what: 'the real sops 3.13.2, age and age-keygen',
    needs: ['go'],
    goTools: ['github.com/getsops/sops/v3/cmd/sops', 'filippo.io/age/cmd/age', 'filippo.io/age/cmd/age-keygen'],
  },
  {
    name: 'age-plugins',
    what: 'plugins of the age project',
    needs: ['go'],
    goTools: ['filippo.io/age/extra/age-plugin-pq', 'filippo.io/age/extra/age-plugin-tag'],
  },
  {
    name: 'kube',
    what: 'a real kube-apiserver 1.37.2 with etcd, and kubectl',
    needs: ['go'],
    goTools: ['waxseal.dev/test/rigs/kube-rig'],
    goModule: 'kube-apiserver',
    goLinkerFlags: '-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37',
  },
  { name: 'helm', what: 'Helm 4.3.1', needs: ['go'], goTools: ['helm.sh/helm/v4/cmd/helm'], goModule: 'helm', goLinkerFlags: '-s -w' },
  { name: 'gpg', what: 'GnuPG', needs: ['apt-get'], system: { program: 'gpg', debianPackage: 'gnupg' } },
  { name: 'postgres', what: 'PostgreSQL', needs: ['apt-get'], system: { program: '/usr/lib/postgresql/*/bin/postgres', debianPackage: 'postgresql' } },
  { name: 'strace', what: 'strace', needs: ['apt-get'], system: { program: 'strace', debianPackage: 'strace' } },
  { name: 'vim', what: 'Vim', needs: ['apt-get'], system: { program: '/usr/bin/vim.{basic,tiny}', debianPackage: 'vim-tiny' } },
  { name: 'zsh', what: 'Z shell', needs: ['apt-get'], system: { program: 'zsh', debianPackage: 'zsh' } },
  { name: 'fish', what: 'fish', needs: ['apt-get'], system: { program: 'fish', debianPackage: 'fish' } },
  { name: 'tmux', what: 'tmux', needs: ['apt-get'], system: { program: 'tmux', debianPackage: 'tmux' } },
  { name: 'openbao', what: 'OpenBao 2.7.2', needs: ['python3'], python: { requirements: 'openbao.txt', program: 'bao' } },
  { name: 'moto', what: 'moto, a server of AWS KMS and STS', needs: ['python3'], python: { requirements: 'moto.txt', program: 'moto_server' } },
  { name: 'ministack', what: 'MiniStack, another server of AWS KMS, with key states', needs: ['python3'], python: { requirements: 'ministack.txt', program: 'ministack' } },
]

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxseal', 'rigs')

/** The folder that holds the rig, whether or not it was brought already. */
export function rigFolder(rig: Rig): string {
  const hash = createHash('sha256').update(rig.goLinkerFlags ?? '')
  for (const file of sourcesOf(rig)) hash.update(readFileSync(file))
  for (const tool of rig.goTools ?? []) hash.update(tool)
  return join(cache, `${rig.name}-${hash.digest('hex').slice(0, 12)}`)
}

function sourcesOf(rig: Rig): readonly string[] {
  if (rig.python) return [requirementsOf(rig.python)]
  const folder = goModuleFolder(rig)
  const files = readdirSync(folder).filter((file) => file === 'go.mod' || file === 'go.sum' || file.endsWith('.go'))
  return files.sort().map((file) => join(folder, file))
}

/** The folder with the rig's go.mod. */
export function goModuleFolder({ goModule = '.' }: Rig): string {
  return join(import.meta.dirname, goModule)
}

export function requirementsOf({ requirements }: NonNullable<Rig['python']>): string {
  return join(import.meta.dirname, 'python', requirements)
}

export function isBrought(rig: Rig): boolean {
  return rig.system ? systemProgram(rig.system.program) !== undefined : programsOf(rig).every((program) => existsSync(program))
}

function programsOf(rig: Rig): readonly string[] {
  if (rig.python) return [join(rigFolder(rig), 'bin', rig.python.program)]
  return (rig.goTools ?? []).map((tool) => join(rigFolder(rig), tool.slice(tool.lastIndexOf('/') + 1)))
}

/** Path of a rig's program, or undefined when the rig was left out. */
export function rigProgram(rigName: string, program: string): string | undefined {
  const rig = RIGS.find((r) => r.name === rigName)
  if (!rig) throw new RangeError(`no rig is called ${rigName}`)
  if (!isBrought(rig)) return undefined
  return rig.system ? systemProgram(rig.system.program) : join(rigFolder(rig), rig.python ? 'bin' : '', program)
}

function systemProgram(program: string): string | undefined {
  if (isAbsolute(program)) return globSync(program).sort().at(-1)
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program))) ? program : undefined
}
