/**
 * Bundles the programs into `dist/bin/`. `waxseal`, `wax`, `sops` and `kubeseal` are one launcher that looks at the name it was called by
 * and loads one file, which holds all of our own code for that name: a start costs time for each file that is loaded, less for code that
 * lies unused in one. Packages of others that are imported when they are used stand beside them as chunks.
 * @module
 */
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
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

/** Compiled code is kept beside the program, where only its owner can put it; where nobody may write, it is compiled each time. */
const COMPILE_CACHE = `require('node:module').enableCompileCache(__dirname + '/cache')\n`

await rm(bin, { recursive: true, force: true })
await mkdir(join(bin, 'openpgp'), { recursive: true })
await writeFile(join(bin, 'package.json'), '{ "type": "commonjs" }\n')
const packages = new Map<string, string>()
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

/** As CommonJS: a module in it runs, and asks for Node's own modules, when it is first needed. */
async function buildPrograms(): Promise<Built> {
  return await build({ ...common, entryPoints: PROGRAMS, outExtension: { '.js': '.cjs' }, format: 'cjs', plugins: [packagesBeside()] })
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

/** It requires what it imports: ECMAScript's way costs 4 ms more. */
async function buildLauncher(): Promise<Built> {
  const programs: Plugin = {
    name: 'programs',
    setup(bundler) {
      bundler.onResolve({ filter: /main\.ts$/ }, ({ path, kind, resolveDir }) => {
        const source = relative(root, join(resolveDir, path))
        const program = Object.entries(PROGRAMS).find((entry) => entry[1] === source)
        return kind === 'dynamic-import' && program ? { path: `./${program[0]}.cjs`, external: true } : undefined
      })
    },
  }
  const launcher = await build({
    ...common,
    entryPoints: { launcher: 'cli/src/main.ts' },
    format: 'cjs',
    supported: { 'dynamic-import': false },
    plugins: [programs],
    write: false,
  })
  for (const name of LAUNCHERS) await writeProgram(name, COMPILE_CACHE + launcher.outputFiles[0]!.text)
  return launcher
}

/** With the packages of the other programs, since both may import the same. */
async function buildController(): Promise<Built> {
  await writeProgram('waxseal-controller', "import('./waxseal-controller.mjs')\n")
  const chunks = Object.fromEntries([...packages].map(([name, path]) => [`chunks/${name}`, path]))
  return await build({
    ...common,
    entryPoints: { ...chunks, 'waxseal-controller': 'controller/src/main.ts' },
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
