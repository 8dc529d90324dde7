/**
 * Texts in columns: breaking lines between words, and putting something before every line.
 * @module
 */

/** Breaks at blanks so that lines have at most `columns` characters; a longer word stands alone. Line ends in the text stay. */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n')
}

function wrapLine(line: string, columns: number): string {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > columns) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current].join('\n')
}

/** A line break at the end begins no line. */
export function prefixLines(text: string, prefix: string): string {
  return prefix + text.replaceAll(/\n(?!$)/g, `\n${prefix}`)
}
