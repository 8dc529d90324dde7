/**
 * How Go prints values: strconv's numbers and quotes, fmt's %v and its verbs.
 * Follows: Go strconv (FormatFloat, Quote), fmt/print.go, fmt/format.go.
 * @module
 */
import { Complex, Dict, Int, List, runes, runeAt, runeBytes, sortedKeys, Struct, Time, typeName, type GoValue } from './values.ts'
import { quote, quotedRune } from './quote.ts'
import { timeSyntax, timeText } from './layout.ts'
import { LimitError } from './errors.ts'

/** Widths and precisions above this are refused by fmt, too. */
const MAX_WIDTH = 1_000_000

/** strconv.FormatFloat with the shortest digits; 'g' has an exponent below -4 and from 6 on, however many digits there are. */
export function shortestFloat(value: number, form: 'e' | 'f' | 'g'): string {
  const special = specialFloat(value)
  if (special) return special
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', exponentText = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = Number(exponentText)
  if (form === 'f' || (form === 'g' && exponent >= -4 && exponent < 6)) return sign + positional(digits, exponent)
  const tail = digits.length > 1 ? `.${digits.slice(1)}` : ''
  return `${sign}${digits[0]}${tail}e${exponentSuffix(exponent)}`
}

function specialFloat(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? undefined : value < 0 ? '-Inf' : '+Inf'
}

function exponentSuffix(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function positional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0')
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}

/** strconv.FormatFloat with a precision. JavaScript's toFixed and toExponential round the exact binary value, as Go does. */
function preciseFloat(value: number, form: string, precision: number): string {
  const special = specialFloat(value)
  if (special) return special
  const lower = form.toLowerCase()
  const p = Math.min(precision, 100)
  let text: string
  if (lower === 'f') {
    const abs = Math.abs(value)
    text = (abs >= 1e21 ? BigInt(abs).toString() + (p ? `.${'0'.repeat(p)}` : '') : abs.toFixed(p)) + '0'.repeat(precision - p)
    if (value < 0 || Object.is(value, -0)) text = `-${text}`
  } else if (lower === 'e') {
    const [mantissa = '', exponent = '0'] = value.toExponential(p).split('e')
    text = `${mantissa}e${exponentSuffix(Number(exponent))}`
    if (Object.is(value, -0)) text = `-${text}`
  } else {
    const digitsWanted = p === 0 ? 1 : Math.min(p, 100)
    const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential(digitsWanted - 1).split('e')
    const exponent = Number(exponentText)
    const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0'
    const sign = value < 0 || Object.is(value, -0) ? '-' : ''
    text =
      exponent < -4 || exponent >= Math.max(digitsWanted, digits.length > digitsWanted ? digits.length : digitsWanted)
        ? `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponentSuffix(exponent)}`
        : sign + positional(digits, exponent)
  }
  return form === lower ? text : text.toUpperCase()
}

/** %v: what printing a value gives. Maps come in key order. */
export function printed(value: GoValue): string {
  if (value === undefined || value === null) return '<nil>'
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return shortestFloat(value, 'g')
    default:
      if (value instanceof Int) return value.type === 'time.Duration' || value.type === 'time.Month' || value.type === 'time.Weekday' ? timeText(value) : String(value.value)
      if (value instanceof Complex) return complexText(value, (n) => shortestFloat(n, 'g'))
      if (value instanceof List) return `[${value.items.map((item) => printed(item)).join(' ')}]`
      if (value instanceof Dict) return `map[${sortedKeys(value).map((key) => `${key}:${printed(value.entries.get(key))}`).join(' ')}]`
      return value instanceof Time ? timeText(value) : value.text
  }
}

function complexText(value: Complex, format: (n: number) => string): string {
  const im = format(value.im)
  return `(${format(value.re)}${/^[+-]/.test(im) ? im : `+${im}`}i)`
}

/** fmt.Sprint: a space between operands when neither is a string. */
export function sprint(values: readonly GoValue[]): string {
  let out = ''
  for (const [i, value] of values.entries()) {
    if (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string') out += ' '
    out += printed(value)
  }
  return out
}

interface Flags {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

/** fmt.Sprintf. @param room - bytes that the result may have, see LimitError */
export function sprintf(format: string, args: readonly GoValue[], room: number): string {
  let out = ''
  let argument = 0
  let reordered = false
  let i = 0
  while (i < format.length) {
    const percent = format.indexOf('%', i)
    if (percent < 0) {
      out += format.slice(i)
      break
    }
    out += format.slice(i, percent)
    i = percent + 1
    const flags: Flags = { plus: false, minus: false, sharp: false, space: false, zero: false, width: undefined, precision: undefined }
    let badIndex = false
    let afterIndex = false
    for (; i < format.length; i++) {
      const c = format[i]
      if (c === '+') flags.plus = true
      else if (c === '-') {
        flags.minus = true
        flags.zero = false
      } else if (c === '#') flags.sharp = true
      else if (c === ' ') flags.space = true
      else if (c === '0') flags.zero = !flags.minus
      else break
    }
    const index = (): void => {
      if (format[i] !== '[') return
      reordered = true
      const close = format.indexOf(']', i)
      const n = close < 0 ? NaN : Number(/^\d+$/.test(format.slice(i + 1, close)) ? format.slice(i + 1, close) : NaN)
      if (!(n >= 1 && n <= args.length)) badIndex = true
      else argument = n - 1
      afterIndex = true
      i = close < 0 ? i + 1 : close + 1
    }
    const star = (): number | undefined => {
      i++
      const arg = args[argument++]
      afterIndex = false
      const n = arg instanceof Int ? arg.value : arg
      return typeof n === 'bigint' && n >= -MAX_WIDTH && n <= MAX_WIDTH ? Number(n) : undefined
    }
    index()
    if (format[i] === '*') {
      const width = star()
      if (width === undefined) out += '%!(BADWIDTH)'
      else {
        if (width < 0) Object.assign(flags, { minus: true, zero: false })
        flags.width = Math.abs(width)
      }
    } else {
      const digits = /^\d{1,8}/.exec(format.slice(i, i + 8))?.[0] ?? ''
      if (digits) {
        if (afterIndex) badIndex = true
        flags.width = Number(digits)
        i += digits.length
      }
    }
    if (format[i] === '.') {
      i++
      if (afterIndex) badIndex = true
      index()
      if (format[i] === '*') {
        const precision = star()
        if (precision === undefined || precision < 0) out += '%!(BADPREC)'
        else flags.precision = precision
      } else {
        const digits = /^\d{1,8}/.exec(format.slice(i, i + 8))?.[0] ?? ''
        flags.precision = Number(digits || 0)
        i += digits.length
      }
    }
    if (!afterIndex) index()
    if ((flags.width ?? 0) > MAX_WIDTH || (flags.precision ?? 0) > MAX_WIDTH) {
      flags.width = undefined
      flags.precision = undefined
    }
    if (i >= format.length) {
      out += '%!(NOVERB)'
      break
    }
    const [, size] = runeAt(format, i)
    const verb = format.slice(i, i + size)
    i += size
    if (verb === '%') out += '%'
    else if (badIndex) out += `%!${verb}(BADINDEX)`
    else if (argument >= args.length) out += `%!${verb}(MISSING)`
    else out += formatted(args[argument++], verb, verb === 'v' ? { ...flags, plus: false } : flags)
    if (out.length > room) throw new LimitError('output is too large')
  }
  if (!reordered && argument < args.length) {
    out += `%!(EXTRA ${args.slice(argument).map((arg) => (arg === undefined || arg === null ? '<nil>' : `${typeName(arg)}=${printed(arg)}`)).join(', ')})`
  }
  return out
}

function pad(text: string, flags: Flags, zeros = false): string {
  if (flags.width === undefined) return text
  let length = 0
  for (const rune of runes(text)) length += rune[2] > 0 ? 1 : 0
  const missing = flags.width - length
  if (missing <= 0) return text
  if (flags.minus) return text + ' '.repeat(missing)
  if (!zeros) return ' '.repeat(missing) + text
  const sign = /^[+\- ]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

/** A verb that the value does not have: type and value, the latter under the same flags. */
function bad(value: GoValue, verb: string, flags: Flags): string {
  if (value === undefined || value === null) return `%!${verb}(<nil>)`
  const plain = { ...flags, sharp: false }
  return `%!${verb}(${typeName(value)}=${value instanceof Int ? formattedInt(value.value, value, 'v', plain) : formatted(value, 'v', plain)})`
}

function formatted(value: GoValue, verb: string, flags: Flags): string {
  if (verb === 'T') return formattedString(typeName(value), value, 's', flags)
  if (verb === 'w') return bad(value, verb, flags)
  if (verb === 'v' && flags.sharp) return pad(goSyntax(value), flags)
  if (value === undefined || value === null) return verb === 'v' ? pad('<nil>', flags) : bad(value, verb, flags)
  const inside = (item: GoValue): string => (item === undefined || item === null ? '<nil>' : formatted(item, verb, flags))
  if (value instanceof List) return verb === 'p' ? bad(value, verb, flags) : `[${value.items.map(inside).join(' ')}]`
  if (value instanceof Dict) return `map[${sortedKeys(value).map((key) => `${inside(key)}:${inside(value.entries.get(key))}`).join(' ')}]`
  if (typeof value === 'bigint') return formattedInt(value, value, verb, flags)
  if (value instanceof Int) {
    return 'vsqxX'.includes(verb) && value.type.startsWith('time.') ? formattedString(timeText(value), value, verb, flags) : formattedInt(value.value, value, verb, flags)
  }
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? pad(String(value), flags) : bad(value, verb, flags)
  if (typeof value === 'number') return formattedFloat(value, value, verb, flags)
  if (value instanceof Complex) return complexText(value, (n) => formattedFloat(n, value, verb === 'v' ? 'g' : verb, { ...flags, width: undefined }))
  return formattedString(typeof value === 'string' ? value : printed(value), value, verb, flags)
}

function formattedInt(n: bigint, value: GoValue, verb: string, flags: Flags): string {
  const radix: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
  if (verb === 'c') return pad(runeBytes(Number(n)), flags)
  if (verb === 'q') return pad(`'${quotedRune(n >= 0n && n <= 0x10ffffn ? Number(n) : 0xfffd, flags.plus, "'")}'`, flags)
  if (verb === 'U') return pad(`U+${n.toString(16).toUpperCase().padStart(4, '0')}`, flags)
  const base = radix[verb]
  if (base === undefined) return bad(value, verb, flags)
  const negative = n < 0n
  let digits = (negative ? -n : n).toString(base)
  if (verb === 'X') digits = digits.toUpperCase()
  if (flags.precision !== undefined) {
    if (flags.precision === 0 && n === 0n) return pad('', flags)
    digits = digits.padStart(flags.precision, '0')
  } else if (flags.zero && flags.width !== undefined) {
    digits = digits.padStart(flags.width - (negative || flags.plus || flags.space ? 1 : 0), '0')
  }
  if (verb === 'O') digits = `0o${digits}`
  if (flags.sharp) {
    if (base === 2) digits = `0b${digits}`
    else if (verb === 'o' && !digits.startsWith('0')) digits = `0${digits}`
    else if (base === 16) digits = `0${verb}${digits}`
  }
  return pad((negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '') + digits, { ...flags, zero: false })
}

function formattedFloat(n: number, value: GoValue, verb: string, flags: Flags): string {
  let text: string
  switch (verb) {
    case 'v':
      text = flags.precision === undefined ? shortestFloat(n, 'g') : preciseFloat(n, 'g', flags.precision)
      break
    case 'g':
    case 'G':
      text = flags.precision === undefined ? shortestFloat(n, 'g') : preciseFloat(n, 'g', flags.precision)
      if (verb === 'G') text = text.toUpperCase().replace('INF', 'Inf').replace('NAN', 'NaN')
      break
    case 'e':
    case 'E':
    case 'f':
    case 'F':
      text = preciseFloat(n, verb === 'F' ? 'f' : verb, flags.precision ?? 6)
      break
    default:
      return bad(value, verb, flags)
  }
  if (!/^[+-]/.test(text)) text = (flags.plus ? '+' : flags.space ? ' ' : '') + text
  else if (text.startsWith('+') && !flags.plus) text = text.slice(1) === 'Inf' ? '+Inf' : text.slice(1)
  return pad(text, flags, flags.zero && Number.isFinite(n))
}

function formattedString(s: string, value: GoValue, verb: string, flags: Flags): string {
  let text = s
  if (flags.precision !== undefined && (verb === 's' || verb === 'v' || verb === 'q')) {
    let end = 0
    let left = flags.precision
    for (const [, at, size] of runes(s)) {
      if (left-- === 0) break
      end = at + size
    }
    text = s.slice(0, end)
  }
  switch (verb) {
    case 's':
    case 'v':
      return pad(text, flags, flags.zero)
    case 'q':
      return pad(flags.sharp && canBackquote(text) ? `\`${text}\`` : quote(text, flags.plus), flags)
    case 'x':
    case 'X': {
      const bytes = flags.precision === undefined ? s : s.slice(0, flags.precision)
      const hex = [...bytes].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'))
      const prefix = flags.sharp ? '0x' : ''
      const joined = flags.space ? hex.map((h) => prefix + h).join(' ') : (hex.length ? prefix : '') + hex.join('')
      return pad(verb === 'X' ? joined.toUpperCase() : joined, flags)
    }
    default:
      return bad(value, verb, flags)
  }
}

function canBackquote(s: string): boolean {
  for (const [rune, , size] of runes(s)) {
    if (rune === 0xfeff || rune === 0x60 || rune === 0x7f || (rune < 0x20 && rune !== 9) || (rune === 0xfffd && size === 1)) return false
  }
  return true
}

/** %#v. */
function goSyntax(value: GoValue, inside = false): string {
  if (value === undefined || value === null) return inside ? 'interface {}(nil)' : '<nil>'
  if (typeof value === 'string') return quote(value)
  if (value instanceof List) return value.isNil ? `${typeName(value)}(nil)` : `${typeName(value)}{${value.items.map((item) => goSyntax(item, true)).join(', ')}}`
  if (value instanceof Dict) return `${typeName(value)}{${sortedKeys(value).map((key) => `${quote(key)}:${goSyntax(value.entries.get(key), true)}`).join(', ')}}`
  if (value instanceof Int) return String(value.value)
  if (value instanceof Time) return timeSyntax(value)
  return value instanceof Struct ? value.text : printed(value)
}
