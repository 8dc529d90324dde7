/**
 * What the programs are timed on, made by a fixed generator: every program and every run sees the same text.
 * @module
 */

export interface Input {
  readonly name: string
  readonly file: string
  /** Runs of each program that are counted. */
  readonly rounds: number
  readonly text: () => string
}

export const INPUTS: readonly Input[] = [
  { name: 'small YAML', file: 'small.yaml', rounds: 15, text: () => 'a: 1\nb: two\nc: 3.5\nd: true\ne: "five"\n' },
  { name: '1 MB YAML', file: 'large.yaml', rounds: 5, text: () => yamlOf(25_000) },
  { name: '10 MB JSON', file: 'large.json', rounds: 2, text: () => jsonOf(220_000) },
]

/** Maps of maps, comments, strings in and out of quotes, and numbers. */
function yamlOf(values: number): string {
  const word = words(1)
  const lines: string[] = []
  for (let i = 0; i < values; i += 5) {
    lines.push(`service_${i}: # ${word()}`, `  user: ${word()}${word()}`, `  password: "${word()}${word()}"`, `  port: ${i}`, `  ratio: 0.${i + 1}`, '  enabled: true')
  }
  return `${lines.join('\n')}\n`
}

/** In groups: with 55,000 keys in one map the real program takes minutes. */
function jsonOf(values: number): string {
  const word = words(2)
  const data: Record<string, Record<string, unknown>> = {}
  for (let i = 0; i < values; i += 4) (data[`group_${Math.floor(i / 2000)}`] ??= {})[`item_${i}`] = { name: word(), token: word() + word(), count: i, tags: [word()] }
  return JSON.stringify(data, null, 2)
}

function words(seed: number): () => string {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return `w${state.toString(36)}${state.toString(16)}`
  }
}
