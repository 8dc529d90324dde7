/**
 * Parses the tokens of one template, with its definitions.
 * Follows: Go text/template/parse/parse.go (grammar, positions and error texts).
 * @module
 */
import { TemplateError } from './errors.ts'
import { lex, quoteForError, type Token, type TokenType } from './lexer.ts'
import { parseGoFloat, parseGoInt, unquote, unquoteChar } from './literals.ts'
import { nodeText, type Body, type Branch, type Command, type NumberNode, type Operand, type Pipe, type Place, type Statement } from './nodes.ts'
import { textOf } from './values.ts'

/** Nested parentheses and blocks; far more than a person writes, far less than the stack holds. */
const MAX_DEPTH = 400

/** @returns the bodies by name: the template's own and those it defines. Empty definitions never replace others. */
export function parse(name: string, source: string, isFunction: (name: string) => boolean): Map<string, Body> {
  const tokens = lex(source)
  const bodies = new Map<string, Body>()
  let next = 0
  let variables: string[] = ['$']
  let rangeDepth = 0
  let depth = 0

  const peek = (): Token => tokens[next] as Token
  const take = (): Token => tokens[Math.min(next++, tokens.length - 1)] as Token
  const peekNonSpace = (): Token => {
    while (peek().type === 'space') next++
    return peek()
  }
  const takeNonSpace = (): Token => {
    peekNonSpace()
    return take()
  }
  const fail = (token: Token | Place, message: string): never => {
    throw new TemplateError('parse', `${name}:${token.line}: ${textOf(message)}`)
  }
  const shown = (token: Token): string => (token.type === 'eof' ? 'EOF' : token.type === 'keyword' ? `<${token.text}>` : token.text.length > 10 && token.type === 'text' ? `${quoteForError(token.text.slice(0, 10))}...` : quoteForError(token.text))
  const unexpected = (token: Token, context: string): never => {
    if (token.type === 'eof') return fail(token, 'unexpected EOF')
    if (token.type === 'error') return fail(token, token.text)
    // Go names a field or dot in angle brackets only when it is a lone dot.
    return fail(token, `unexpected ${token.type === 'dot' ? '<.>' : shown(token)} in ${context}`)
  }
  const expect = (type: TokenType, context: string): Token => {
    const token = takeNonSpace()
    return token.type === type ? token : unexpected(token, context)
  }
  const place = (token: Token): Place => ({ at: token.at, line: token.line })

  function define(definedName: string, body: Body, at: Token | undefined): void {
    const existing = bodies.get(definedName)
    const empty = (b: Body): boolean => b.every((s) => s.kind === 'text' && s.text.trim() === '')
    if (existing === undefined || empty(existing)) bodies.set(definedName, body)
    else if (!empty(body)) throw new TemplateError('parse', `${name}:${at?.line ?? 1}: template: multiple definition of template ${textOf(quoteForError(definedName))}`)
  }

  /** Statements up to `{{end}}`, `{{else}}` or the end of the template. */
  function list(top: boolean): { body: Statement[]; stop: 'end' | 'else' | 'eof'; token: Token } {
    const body: Statement[] = []
    for (;;) {
      const token = take()
      if (token.type === 'error') fail(token, token.text)
      if (token.type === 'eof') {
        if (!top) fail(token, 'unexpected EOF')
        return { body, stop: 'eof', token }
      }
      if (token.type === 'text') {
        body.push({ kind: 'text', text: token.text, ...place(token) })
        continue
      }
      if (top && peekNonSpace().type === 'keyword' && peek().text === 'define') {
        take()
        definition()
        continue
      }
      const word = peekNonSpace()
      if (word.type === 'keyword' && word.text === 'end') {
        take()
        expect('right', 'end')
        if (top) fail(word, 'unexpected {{end}}')
        return { body, stop: 'end', token: word }
      }
      if (word.type === 'keyword' && word.text === 'else') {
        take()
        if (top) fail(word, 'unexpected {{else}}')
        const after = peekNonSpace()
        if (!(after.type === 'keyword' && (after.text === 'if' || after.text === 'with'))) expect('right', 'else')
        return { body, stop: 'else', token: word }
      }
      body.push(action())
    }
  }

  function definition(): void {
    const nameToken = takeNonSpace()
    if (nameToken.type !== 'string' && nameToken.type !== 'rawString') unexpected(nameToken, 'define clause')
    const defined = unquote(nameToken.text) ?? fail(nameToken, 'invalid syntax')
    expect('right', 'define clause')
    const outer = variables
    const outerRange = rangeDepth
    variables = ['$']
    rangeDepth = 0
    const { body, stop, token } = list(false)
    if (stop !== 'end') fail(token, 'unexpected {{else}} in define clause')
    variables = outer
    rangeDepth = outerRange
    define(defined, body, token)
  }

  function action(): Statement {
    const token = peekNonSpace()
    if (token.type === 'keyword') {
      take()
      switch (token.text) {
        case 'if':
        case 'with':
        case 'range':
          return branch(token.text, token)
        case 'template':
          return templateCall(token)
        case 'block':
          return block(token)
        case 'break':
        case 'continue': {
          const after = takeNonSpace()
          if (after.type !== 'right') unexpected(after, `{{${token.text}}}`)
          if (rangeDepth === 0) fail(token, `{{${token.text}}} outside {{range}}`)
          return { kind: token.text, ...place(token) }
        }
        default:
          fail(token, `unexpected ${shown(token)} in command`)
      }
    }
    return { kind: 'action', pipe: pipeline('command', 'right', token), ...place(token) }
  }

  function branch(kind: 'if' | 'with' | 'range', token: Token): Branch {
    if (++depth > MAX_DEPTH) fail(token, 'blocks are nested too deeply')
    const scope = variables.length
    const pipe = pipeline(kind, 'right', token)
    if (kind === 'range') rangeDepth++
    const { body, stop } = list(false)
    if (kind === 'range') rangeDepth--
    let otherwise: Body | undefined
    if (stop === 'else') {
      const word = peekNonSpace()
      if (word.type === 'keyword' && (word.text === 'if' || word.text === 'with')) {
        if (word.text !== kind) unexpected(word, `{{else}}`)
        take()
        otherwise = [branch(word.text, word)] // the inner one takes the common end
      } else {
        const rest = list(false)
        if (rest.stop === 'else') fail(rest.token, 'expected end; found {{else}}')
        otherwise = rest.body
      }
    }
    variables = variables.slice(0, scope)
    depth--
    return { kind, pipe, body, otherwise, ...place(token) }
  }

  function templateCall(token: Token): Statement {
    const nameToken = takeNonSpace()
    if (nameToken.type !== 'string' && nameToken.type !== 'rawString') unexpected(nameToken, 'template clause')
    const called = unquote(nameToken.text) ?? fail(nameToken, 'invalid syntax')
    let pipe: Pipe | undefined
    if (peekNonSpace().type === 'right') take()
    else pipe = pipeline('template clause', 'right', peek())
    return { kind: 'template', name: called, quotedName: quoteForError(called), pipe, at: nameToken.at, line: token.line }
  }

  function block(token: Token): Statement {
    const nameToken = takeNonSpace()
    if (nameToken.type !== 'string' && nameToken.type !== 'rawString') unexpected(nameToken, 'block clause')
    const called = unquote(nameToken.text) ?? fail(nameToken, 'invalid syntax')
    const pipe = pipeline('block clause', 'right', peekNonSpace())
    const outer = variables
    variables = ['$']
    const { body, stop, token: end } = list(false)
    if (stop !== 'end') fail(end, 'unexpected {{else}} in block clause')
    variables = outer
    define(called, body, end)
    return { kind: 'template', name: called, quotedName: quoteForError(called), pipe, at: nameToken.at, line: token.line }
  }

  function pipeline(context: string, end: 'right' | ')', first: Token): Pipe {
    const start = peekNonSpace()
    const declared: string[] = []
    let assigns = false
    // Variables: $x := ..., $x = ..., and in range $i, $e := ...
    for (;;) {
      const save = next
      const variable = peekNonSpace()
      if (variable.type !== 'variable') break
      take()
      const after = peekNonSpace()
      if (after.type === 'declare' || after.type === 'assign') {
        take()
        assigns = after.type === 'assign'
        declared.push(variable.text)
        variables.push(variable.text)
        break
      }
      if (after.type === 'char,' && after.text === ',') {
        take()
        declared.push(variable.text)
        variables.push(variable.text)
        if (context === 'range' && declared.length < 2) {
          const second = peekNonSpace()
          if (second.type === 'variable' || second.type === 'declare' || second.type === 'assign') continue
          fail(second, 'range can only initialize variables')
        }
        fail(variable, `too many declarations in ${context}`)
      }
      next = save
      break
    }
    const commands: Command[] = []
    for (;;) {
      const token = peekNonSpace()
      if (token.type === end) {
        take()
        if (commands.length === 0) fail(token, `missing value for ${context}`)
        for (const [i, command] of commands.entries()) {
          const kind = command.args[0]?.kind
          if (i > 0 && (kind === 'bool' || kind === 'dot' || kind === 'nil' || kind === 'number' || kind === 'string')) {
            fail(token, `non executable command in pipeline stage ${i + 1}`)
          }
        }
        return { kind: 'pipe', assigns, variables: declared, commands, at: start.at, line: first.line }
      }
      switch (token.type) {
        case 'bool': case 'char': case 'dot': case 'field': case 'identifier': case 'number': case 'nil': case 'rawString': case 'string': case 'variable': case '(':
          commands.push(command())
          break
        default:
          take()
          unexpected(token, context)
      }
    }
  }

  function command(): Command {
    const start = peekNonSpace()
    const args: Operand[] = []
    for (;;) {
      peekNonSpace()
      const found = operand()
      if (found) args.push(found)
      const token = take()
      if (token.type === 'space') continue
      if (token.type === 'right' || token.type === ')') next--
      else if (token.type === 'pipe') {
        // A pipe must be followed by another command.
      } else unexpected(token, 'operand')
      break
    }
    if (args.length === 0) fail(start, 'empty command')
    return { kind: 'command', args, ...place(start) }
  }

  function operand(): Operand | undefined {
    const node = term()
    if (!node) return undefined
    if (peek().type !== 'field') return node
    const first = peek()
    const names: string[] = []
    while (peek().type === 'field') names.push(take().text.slice(1))
    switch (node.kind) {
      case 'field':
        return { kind: 'field', names: [...node.names, ...names], ...place(first) }
      case 'variable':
        return { kind: 'variable', names: [...node.names, ...names], ...place(first) }
      case 'bool': case 'string': case 'number': case 'nil': case 'dot':
        return fail(first, `unexpected . after term ${quoteForError(nodeText(node))}`)
      default:
        return { kind: 'chain', of: node, names, ...place(first) }
    }
  }

  function term(): Operand | undefined {
    const token = takeNonSpace()
    switch (token.type) {
      case 'identifier':
        if (!isFunction(token.text)) fail(token, `function ${quoteForError(token.text)} not defined`)
        return { kind: 'identifier', name: token.text, ...place(token) }
      case 'dot':
        return { kind: 'dot', ...place(token) }
      case 'nil':
        return { kind: 'nil', ...place(token) }
      case 'variable':
        if (!variables.includes(token.text)) fail(token, `undefined variable ${quoteForError(token.text)}`)
        return { kind: 'variable', names: [token.text], ...place(token) }
      case 'field':
        return { kind: 'field', names: [token.text.slice(1)], ...place(token) }
      case 'bool':
        return { kind: 'bool', value: token.text === 'true', ...place(token) }
      case 'char':
      case 'number':
        return number(token)
      case '(': {
        if (++depth > MAX_DEPTH) fail(token, 'parentheses are nested too deeply')
        const pipe = pipeline('parenthesized pipeline', ')', token)
        depth--
        return pipe
      }
      case 'string':
      case 'rawString':
        return { kind: 'string', quoted: token.text, value: unquote(token.text) ?? fail(token, 'invalid syntax'), ...place(token) }
      default:
        next--
        return undefined
    }
  }

  function number(token: Token): NumberNode {
    const { text } = token
    const node = { kind: 'number' as const, text, int: undefined, float: undefined, complex: undefined, isInt: false, ...place(token) }
    if (token.type === 'char') {
      const rune = unquoteChar(text)
      if (rune === undefined) return fail(token, `malformed character constant: ${text}`)
      return { ...node, int: BigInt(rune), float: rune, isInt: true }
    }
    if (text.endsWith('i')) {
      const im = parseGoFloat(text.slice(0, -1))
      if (im === undefined) return fail(token, `illegal number syntax: ${quoteForError(text)}`)
      return { ...node, complex: [0, im] }
    }
    let int = parseGoInt(text)
    if (int !== undefined && (int < -(2n ** 63n) || int >= 2n ** 64n)) int = undefined
    const float = parseGoFloat(text)
    if (int !== undefined) return { ...node, int, float: Number(int), isInt: true }
    if (float === undefined) return fail(token, `illegal number syntax: ${quoteForError(text)}`)
    if (!/[.eEpP]/.test(text)) return fail(token, `integer overflow: ${quoteForError(text)}`)
    return { ...node, float, int: Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined }
  }

  const { body } = list(true)
  define(name, body, undefined)
  if (!bodies.has(name)) bodies.set(name, body)
  return bodies
}
