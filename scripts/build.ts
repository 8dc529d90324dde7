/**
 * Bundles the programs into `dist/bin/`. `waxseal`, `wax`, `sops` and `kubeseal` are one launcher that looks at the name it was called by
 * and loads one file, which holds all of our own code for that name: a start costs time for each file that is loaded, less for code that
 * lies unused in one. Packages of others that are imported when they are used stand beside them as chunks.
 * @module
 */
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { basename, join } from 'node:path'
import { build, type BuildOptions, type BuildResult, type Metafile, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'dist', 'bin')
const openpgp = join(root, 'packages', 'provider-pgp', 'node_modules', 'openpgp')
const PROGRAMS = { waxseal: 'cli/src/commands/main.ts', sops: 'cli/src/sops/main.ts', kubeseal: 'cli/src/kubeseal/main.ts' }
const LAUNCHERS = ['waxseal', 'wax', 'sops', 'kubeseal']

const common = {
  absWorkingDir: root,
  outdir: bin,
  bundle: true,
  platform: 'node',
  target: 'node22.15',
  mainFields: ['module', 'main'], // a dynamic import of CommonJS would have no named exports
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions

await rm(bin, { recursive: true, force: true })
await mkdir(join(bin, 'openpgp'), { recursive: true })
await writeFile(join(bin, 'package.json'), '{ "type": "commonjs" }\n')
const packages = new Map<string, string>()
/** Of each program's text. */
const hashes = new Map<string, string>()
const built = [await buildPrograms(), await buildLauncher(), await buildController()]
// Which sources each file holds: what a command loads can be told from it.
const metafile: Metafile = { inputs: {}, outputs: Object.assign({}, ...built.map(({ metafile: { outputs } }) => outputs)) }
await writeFile(join(root, 'dist', 'meta.json'), JSON.stringify(metafile))
// The demo's cluster needs the definition that a real one gets from the chart.
await copyFile(join(root, 'controller', 'deploy', 'crd', 'sealedsecrets.yaml'), join(bin, 'sealedsecrets.yaml'))
for (const [source, name] of [['dist/node/openpgp.min.mjs', 'openpgp.min.mjs'], ['LICENSE', 'LICENSE']] as const) {
  await copyFile(join(openpgp, source), join(bin, 'openpgp', name))
}

type Built = BuildResult<{ metafile: true }>

/**
 * As CommonJS: a module in it runs, and asks for Node's own modules, when it is first needed. Each text is a function, which the launcher calls;
 * as a script it may not import by itself.
 */
async function buildPrograms(): Promise<Built> {
  const result = await build({
    ...common,
    entryPoints: PROGRAMS,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    banner: { js: '(function(require,module,load){' },
    footer: { js: '})' },
    plugins: [packagesBeside()],
    write: false,
  })
  for (const { path, text } of result.outputFiles) {
    const program = text.replaceAll(/\bimport\("(?=\.\/|node:)/g, 'load("')
    hashes.set(basename(path, '.cjs'), createHash('sha256').update(program).digest('hex').slice(0, 32))
    await writeFile(path, program)
  }
  return result
}

/** Packages imported when they are used become chunks. OpenPGP.js, under the LGPL, stays a file as published, that users can replace. */
function packagesBeside(): Plugin {
  return {
    name: 'packages-beside',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (kind !== 'dynamic-import' || pluginData === packages || path.startsWith('@waxseal/')) return undefined
        if (path.startsWith('node:') || builtinModules.includes(path)) return undefined
        if (path === 'openpgp') return { path: './openpgp/openpgp.min.mjs', external: true }
        const name = path.replaceAll('/', '-').replace(/\.js$/, '')
        packages.set(name, (await bundler.resolve(path, { kind, resolveDir, pluginData: packages })).path)
        return { path: `./chunks/${name}.mjs`, external: true }
      })
    },
  }
}

/** The programs that it imports are loaded from their files, with their compiled code. */
async function buildLauncher(): Promise<Built> {
  const names = new Map(Object.entries(PROGRAMS).map(([name, source]) => [join(root, source), name]))
  const loader: Plugin = {
    name: 'load-programs',
    setup(bundler) {
      bundler.onLoad({ filter: /main\.ts$/ }, ({ path }) => {
        const name = names.get(path)
        if (name === undefined) return undefined
        const contents = `import { loadProgram } from './cli/src/load-program.ts'
export const { main } = loadProgram({ file: __dirname + '/${name}.cjs', hash: '${hashes.get(name)}', require, load: (path) => import(path) })`
        return { contents, resolveDir: root }
      })
    },
  }
  const launcher = await build({ ...common, entryPoints: { launcher: 'cli/src/main.ts' }, format: 'cjs', plugins: [loader], write: false })
  for (const name of LAUNCHERS) await writeProgram(name, launcher.outputFiles[0]!.text)
  return launcher
}

/** With the packages of the other programs, since both may import the same. */
async function buildController(): Promise<Built> {
  await writeProgram('waxseal-controller', "import('./waxseal-controller.mjs')\n")
  const chunks = Object.fromEntries([...packages].map(([name, path]) => [`chunks/${name}`, path]))
  return await build({
    ...common,
    entryPoints: { ...chunks, 'waxseal-controller': 'controller/src/main.ts', 'chunks/render-process': 'controller/src/render-process.ts' }, // beside the chunk that starts it
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    format: 'esm',
    // CommonJS dependencies call require for Node's own modules.
    banner: { js: "import{createRequire as $cr}from'node:module';const require=$cr(import.meta.url);" },
  })
}

async function writeProgram(name: string, text: string): Promise<void> {
  await writeFile(join(bin, name), nodeCheck(name) + text)
  await chmod(join(bin, name), 0o755)
}

/** A Node that is too old fails on the first line of the program itself, in words that help nobody; so it is asked before. */
function nodeCheck(name: string): string {
  return `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write('${name}: needs Node 22.15 or newer, this is ' + process.versions.node + '\\n')
  process.exit(1)
}
`
}
