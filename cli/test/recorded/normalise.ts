/**
 * What differs from run to run, replaced by its shape: fresh tokens by the lengths of their parts, fresh wrapped keys, time stamps, temporary names.
 * Tokens, armour and time stamps that stood in a case's own files stay, so that their reuse is checked.
 * @module
 */
const TOKEN = /ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]*),tag:([A-Za-z0-9+/=]*),type:([a-z]+)\]/g
const ARMOUR = /-----BEGIN (AGE ENCRYPTED FILE|PGP MESSAGE)-----[^]*?-----END \1-----/g
const STAMP = /((?:lastmodified|created_at)["']?\s*[:=]\s*\\?["']?)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/g

const withoutBreaks = (armour: string): string => armour.replaceAll(/\\n|\s/g, '')

/** The tokens, armour and time stamps of a case's own files. */
export function knownIn(files: readonly Buffer[]): ReadonlySet<string> {
  const known = new Set<string>()
  for (const text of files.map((bytes) => bytes.toString('latin1'))) {
    for (const [token] of text.matchAll(TOKEN)) known.add(token)
    for (const [armour] of text.matchAll(ARMOUR)) known.add(withoutBreaks(armour))
    for (const [, , time = ''] of text.matchAll(STAMP)) known.add(time)
  }
  return known
}

const bytesIn = (base64: string): number => Buffer.from(base64, 'base64').length

/** @param places - folders of this run and the placeholders that stand for them, longest first */
export function normalise(bytes: Buffer, known: ReadonlySet<string> = new Set(), places: ReadonlyMap<string, string> = new Map()): Buffer {
  let text = bytes.toString('latin1') // one character for each byte
  for (const [folder, placeholder] of places) text = text.replaceAll(folder, placeholder)
  text = text
    .replaceAll(TOKEN, (token, data: string, iv: string, tag: string, type: string) =>
      known.has(token) ? token : `ENC[AES256_GCM,data:#${bytesIn(data)},iv:#${bytesIn(iv)},tag:#${bytesIn(tag)},type:${type}]`,
    )
    .replaceAll(ARMOUR, (armour, kind: string) => {
      if (known.has(withoutBreaks(armour))) return armour
      // the number of lines tells the kind of recipient
      return kind === 'PGP MESSAGE' ? '<PGP MESSAGE>' : `<AGE FILE, ${armour.match(/\\n|\n/g)?.length ?? 0} line breaks>`
    })
    .replaceAll(STAMP, (whole, before: string, time: string) => (known.has(time) ? whole : `${before}<TIME>`))
    .replaceAll(/time="\d{4}-\d\d-\d\dT[^"]*"/g, 'time="<TIME>"')
    .replaceAll(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /gm, '<TIME> ')
    .replaceAll(/\.sops\d+/g, '.sops#')
    .replaceAll(/tmp-file\d+/g, 'tmp-file#')
    .replaceAll(/(\{TMP\}\/)\d+(\/)/g, '$1#$2')
  return Buffer.from(text, 'latin1')
}
