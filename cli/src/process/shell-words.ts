/**
 * Splitting a command as a shell would, without one: for `EDITOR` and `SOPS_*_CMD`.
 * Follows: google/shlex. Blanks separate, single quotes keep everything, double quotes keep all but `\"` and `\\`,
 * a backslash keeps the next character, `#` at the start of a word begins a comment.
 * @module
 */

/** @returns undefined if a quote is not closed */
export function splitShellWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"') word += text.charAt(++at)
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (++at >= text.length) return undefined
      word = (word ?? '') + text.charAt(at)
    } else if (char === '#' && word === undefined) {
      const end = text.indexOf('\n', at)
      if (end < 0) break
      at = end
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}
