/**
 * Texts, keys and comments that generated documents of every format are made of: ordinary ones, and those that somebody could
 * take for something else.
 * @module
 */
import * as fc from 'fast-check'

const WORDS = ['alpha', 'hunter2', 'two words', 'a b c d e f g', 'https://example.org/?q=1&r=<2>', 'p@ss:word', 'user@host', 'x'.repeat(300)]
const TRAPS = [
  '', ' ', ' lead', 'trail ', 'tab\tinside', '\ttab first', 'line\nline', 'line\n', '\nline', 'a\n\nb\n\n', ' space\nfirst', '\ttab\nfirst', 'trailing \nblank', 'cr\rlf\r\n',
  'null', '~', 'true', 'False', 'yes', 'off', '0', '-1', '017', '0x1F', '1_000', '1e3', '.5', '.inf', '1:20', '2024-01-01', '2024-01-01T00:00:00Z', '<<', '=',
  '# no comment', 'a # b', 'a: b', 'a:', '- x', '-', '---', '...', '? q', '[x]', '{x}', '*x', '&x', '!x', '|', '>', '%x', '@x', '`x`', '\'q\'', '"q"', 'it\'s', 'say "x"', '\\', 'a\\', 'a\\nb',
  'ENC[nothing]', 'ENC[AES256_GCM,data:x', '\u0000', '\u0007\u001b', '\u007f', '\u0085', '\u00a0', '\u200b', '\u2028', 'a\u2029b', '\ufeffbom', '\ufffd', '😀', 'é', 'ключ', '日本', ';x', 'a;b', 'a#b', '"""', '$HOME', '${x}', '\u{10ffff}',
]

/** Any well-formed text. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 4, arbitrary: fc.constantFrom(...TRAPS) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom('a', ' ', '\n', '#', ':', '-', "'", '"', '\\', '\t', ';', '=', '[', '\u2028', '😀'), maxLength: 8 }) },
)

/** Names on which the selectors of settings.ts decide. */
export const key: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'password', 'data', 'stringData', 'note_unencrypted', 'note_encrypted', 'clear', 'key_clear', 'k:v', 'x y', 'ключ', 'dotted.key', 'UPPER', '😀', 'a-b'),
  },
  { weight: 1, arbitrary: text.filter((name) => name !== '') },
)

/** One line without the marker, with words that the comment selectors look for. */
export const comment: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(' note', ' sops:clear', ' sops:enc', 'tight', ' a: b', ' "q"', ' ünï', ' 😀', ' ENC[nothing]', ' x # y', ' trailing ', '') },
  { weight: 1, arbitrary: text.map((words) => ` ${words.replaceAll(/[\p{Cc}\u2028\u2029\ufeff]/gu, '')}`) },
)
