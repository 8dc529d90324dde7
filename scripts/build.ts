/**
 * Bundles the programs into `dist/bin/`: one small entry file a program, lazy parts as chunks beside them.
 * `waxseal`, `wax`, `sops` and `kubeseal` are the same program; it looks at the name that it was called by.
 * @module
 */
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'dist', 'bin')
const openpgp = join(root, 'packages', 'provider-pgp', 'node_modules', 'openpgp')
/** Its licence is the LGPL: it stays a file of its own, as published, that users can replace. */
const openpgpBeside: Plugin = {
  name: 'openpgp-beside',
  setup(bundler) {
    bundler.onResolve({ filter: /^openpgp$/ }, () => ({ path: '../openpgp/openpgp.min.mjs', external: true })) // from a chunk
  },
}

await rm(bin, { recursive: true, force: true })
await mkdir(bin, { recursive: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { waxseal: 'cli/src/main.ts', 'waxseal-controller': 'controller/src/main.ts' },
  outdir: bin,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  mainFields: ['module', 'main'], // a dynamic import of CommonJS would have no named exports
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [openpgpBeside],
  // CommonJS dependencies call require for Node's own modules.
  banner: { js: "import{createRequire as $cr}from'node:module';const require=$cr(import.meta.url);" },
})
// Which sources each chunk holds: what a command loads can be told from it.
await writeFile(join(root, 'dist', 'meta.json'), JSON.stringify(metafile))
await writeFile(join(bin, 'package.json'), '{ "type": "module" }\n')
// The demo's cluster needs the definition that a real one gets from the chart.
await copyFile(join(root, 'controller', 'deploy', 'crd', 'sealedsecrets.yaml'), join(bin, 'sealedsecrets.yaml'))
await mkdir(join(bin, 'openpgp'))
for (const [source, name] of [['dist/node/openpgp.min.mjs', 'openpgp.min.mjs'], ['LICENSE', 'LICENSE']] as const) {
  await copyFile(join(openpgp, source), join(bin, 'openpgp', name))
}
const programs = { waxseal: 'waxseal', wax: 'waxseal', sops: 'waxseal', kubeseal: 'waxseal', 'waxseal-controller': 'waxseal-controller' }
for (const [name, module] of Object.entries(programs)) {
  const file = join(bin, name)
  await writeFile(file, entryText(name, module))
  await chmod(file, 0o755)
}

/** A Node that is too old fails on the first line of the program itself, in words that help nobody; so it is asked before. */
function entryText(name: string, module: string): string {
  return `#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write('${name}: needs Node 22.15 or newer, this is ' + process.versions.node + '\\n')
  process.exit(1)
}
await import('./${module}.mjs')
`
}
