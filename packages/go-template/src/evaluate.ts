/**
 * Runs a parsed template.
 * Follows: Go text/template/exec.go (order of evaluation, conversions, error texts and the node they name).
 * @module
 */
import { charge } from './charge.ts'
import { FunctionError, LimitError, TemplateError } from './errors.ts'
import { printed } from './format.ts'
import { quoteForError } from './lexer.ts'
import { nodeText, type Body, type Command, type Operand, type Pipe, type Place, type Statement } from './nodes.ts'
import { assignable, canBeNil, nilOf, TYPE_NAMES, type Environment, type GoFunction, type ParameterType } from './signature.ts'
import { timeField } from './time-methods.ts'
import { Complex, Dict, Int, isTrue, List, sortedKeys, Struct, Time, textOf, typeName, type GoValue } from './values.ts'

/** Go stops at 100,000 nested templates; its text for that is kept, at a depth that the stack holds. */
const MAX_TEMPLATE_DEPTH = 500

/** No value is piped into the command. */
const MISSING = Symbol('missing')
type Final = GoValue | typeof MISSING

type Outcome = 'next' | 'break' | 'continue'
type Located = Operand | Command | Statement

export interface Evaluation {
  readonly name: string
  readonly source: string
  readonly bodies: ReadonlyMap<string, Body>
  readonly functions: ReadonlyMap<string, GoFunction>
  readonly environment: Environment
  /** Receives the output; throws LimitError when it is too much. */
  write(text: string): void
}

export function execute(evaluation: Evaluation, data: GoValue): void {
  const body = evaluation.bodies.get(evaluation.name) ?? []
  new State(evaluation, evaluation.name, [{ name: '$', value: data }], 0).run(body, data)
}

class State {
  readonly #e: Evaluation
  readonly #template: string
  readonly #depth: number
  #variables: { name: string; value: GoValue }[]
  #node: Located | undefined

  constructor(evaluation: Evaluation, template: string, variables: { name: string; value: GoValue }[], depth: number) {
    this.#e = evaluation
    this.#template = template
    this.#variables = variables
    this.#depth = depth
  }

  #fail(message: string): never {
    const place: Place = this.#node ?? { at: 0, line: 1 }
    const before = this.#e.source.slice(0, place.at)
    const newline = before.lastIndexOf('\n')
    const line = before.split('\n').length
    const column = place.at - newline - 1
    const shown = this.#node ? nodeText(this.#node) : ''
    throw new TemplateError('execute', `${this.#e.name}:${line}:${column}: ${textOf(`executing ${quoteForError(this.#template)} at <${shown}>: ${message}`)}`)
  }

  run(body: Body, dot: GoValue): Outcome {
    for (const statement of body) {
      this.#e.environment.budget.tick()
      this.#node = statement
      switch (statement.kind) {
        case 'text':
          this.#e.write(statement.text)
          break
        case 'action': {
          const value = this.#pipeline(dot, statement.pipe)
          if (statement.pipe.variables.length === 0) this.#print(value)
          break
        }
        case 'template':
          this.#call(dot, statement)
          break
        case 'break':
        case 'continue':
          return statement.kind
        case 'range': {
          this.#range(dot, statement.pipe, statement.body, statement.otherwise)
          break
        }
        default: {
          const mark = this.#variables.length
          const value = this.#pipeline(dot, statement.pipe)
          let outcome: Outcome = 'next'
          if (isTrue(value)) outcome = this.run(statement.body, statement.kind === 'with' ? value : dot)
          else if (statement.otherwise) outcome = this.run(statement.otherwise, dot)
          this.#variables.length = mark
          if (outcome !== 'next') return outcome
        }
      }
    }
    return 'next'
  }

  #print(value: GoValue): void {
    charge([value], true, this.#e.environment.budget)
    this.#e.write(value === undefined ? '<no value>' : printed(value))
  }

  #call(dot: GoValue, statement: Extract<Statement, { kind: 'template' }>): void {
    const body = this.#e.bodies.get(statement.name)
    if (!body) this.#fail(`template ${quoteForError(statement.name)} not defined`)
    if (this.#depth >= MAX_TEMPLATE_DEPTH) this.#fail('exceeded maximum template depth (100000)')
    const data = statement.pipe ? this.#pipeline(dot, statement.pipe) : undefined
    new State(this.#e, statement.name, [{ name: '$', value: data }], this.#depth + 1).run(body, data)
  }

  #range(dot: GoValue, pipe: Pipe, body: Body, otherwise: Body | undefined): void {
    const outer = this.#variables.length
    const value = this.#pipeline(dot, pipe)
    const mark = this.#variables.length
    const { variables, assigns } = pipe
    let any = false
    const once = (index: GoValue, element: GoValue): boolean => {
      any = true
      this.#e.environment.budget.tick()
      if (variables.length > 0) {
        const set = (name: string, at: number, v: GoValue): void => {
          if (assigns) this.#assign(name, v)
          else (this.#variables[mark - at] as { value: GoValue }).value = v
        }
        if (variables.length === 1) set(variables[0] as string, 1, element)
        else {
          set(variables[0] as string, 2, index)
          set(variables[1] as string, 1, element)
        }
      }
      const outcome = this.run(body, element)
      this.#variables.length = mark
      return outcome !== 'break'
    }
    if (value instanceof List) {
      for (const [i, item] of value.items.entries()) if (!once(BigInt(i), item)) break
    } else if (value instanceof Dict) {
      for (const key of sortedKeys(value)) if (!once(key, value.entries.get(key))) break
    } else if (typeof value === 'bigint' || value instanceof Int) {
      if (variables.length > 1) this.#fail(`can't use ${printed(value)} to iterate over more than one variable`)
      const count = typeof value === 'bigint' ? value : value.value
      for (let i = 0n; i < count; i++) {
        const element = typeof value === 'bigint' ? i : new Int(value.type, i)
        if (!once(element, element)) break
      }
    } else if (value !== undefined && value !== null) {
      this.#fail(`range can't iterate over ${printed(value)}`)
    }
    if (!any && otherwise) this.run(otherwise, dot)
    this.#variables.length = outer
  }

  #pipeline(dot: GoValue, pipe: Pipe): GoValue {
    this.#node = pipe
    let value: Final = MISSING
    for (const command of pipe.commands) {
      value = this.#command(dot, command, value)
      if (value === null) value = undefined // nil in an interface is no value once it is unwrapped
    }
    const result = value as GoValue
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#assign(name, result)
      else this.#variables.push({ name, value: result })
    }
    return result
  }

  #assign(name: string, value: GoValue): void {
    for (let i = this.#variables.length - 1; i >= 0; i--) {
      const variable = this.#variables[i]
      if (variable?.name === name) {
        variable.value = value
        return
      }
    }
    this.#fail(`undefined variable: ${name}`)
  }

  #variable(name: string): GoValue {
    for (let i = this.#variables.length - 1; i >= 0; i--) if (this.#variables[i]?.name === name) return this.#variables[i]?.value
    return this.#fail(`undefined variable: ${name}`)
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== MISSING) this.#fail(`can't give argument to non-function ${nodeText(args[0] as Operand)}`)
  }

  #command(dot: GoValue, command: Command, final: Final): GoValue {
    this.#e.environment.budget.tick()
    const first = command.args[0] as Operand
    switch (first.kind) {
      case 'field':
        return this.#field(dot, first, command.args, final)
      case 'chain':
        return this.#chain(dot, first, command.args, final)
      case 'identifier':
        return this.#function(dot, first, command, command.args, final)
      case 'pipe':
        this.#notAFunction(command.args, final)
        return this.#pipeline(dot, first)
      case 'variable':
        return this.#variableChain(dot, first, command.args, final)
      default:
    }
    this.#node = first
    this.#notAFunction(command.args, final)
    switch (first.kind) {
      case 'bool':
        return first.value
      case 'dot':
        return dot
      case 'nil':
        return this.#fail('nil is not a command')
      case 'number':
        return this.#constant(first)
      default:
        return first.value
    }
  }

  #constant(node: Extract<Operand, { kind: 'number' }>): GoValue {
    this.#node = node
    if (node.complex) return new Complex(...node.complex)
    if (node.isInt && node.int !== undefined) {
      if (node.int >= 2n ** 63n || node.int < -(2n ** 63n)) this.#fail(`${node.text} overflows int`)
      return node.int
    }
    return node.float
  }

  #field(dot: GoValue, node: Extract<Operand, { kind: 'field' }>, args: readonly Operand[], final: Final): GoValue {
    this.#node = node
    return this.#fields(dot, dot, node, node.names, args, final)
  }

  #chain(dot: GoValue, node: Extract<Operand, { kind: 'chain' }>, args: readonly Operand[], final: Final): GoValue {
    this.#node = node
    if (node.of.kind === 'nil') this.#fail(`indirection through explicit nil in ${nodeText(node)}`)
    const receiver = this.#argument(dot, undefined, node.of)
    return this.#fields(dot, receiver, node, node.names, args, final)
  }

  #variableChain(dot: GoValue, node: Extract<Operand, { kind: 'variable' }>, args: readonly Operand[], final: Final): GoValue {
    this.#node = node
    const value = this.#variable(node.names[0] as string)
    if (node.names.length === 1) {
      this.#notAFunction(args, final)
      return value
    }
    return this.#fields(dot, value, node, node.names.slice(1), args, final)
  }

  #fields(dot: GoValue, receiver: GoValue, node: Operand, names: readonly string[], args: readonly Operand[], final: Final): GoValue {
    let value = receiver
    for (const [i, name] of names.entries()) {
      const last = i === names.length - 1
      value = this.#member(dot, name, node, last ? args : [], last ? final : MISSING, value)
    }
    return value
  }

  #member(dot: GoValue, name: string, node: Operand, args: readonly Operand[], final: Final, receiver: GoValue): GoValue {
    if (receiver === undefined) return undefined
    if (receiver === null) return this.#fail(`nil pointer evaluating interface {}.${name}`)
    const hasArguments = args.length > 1 || final !== MISSING
    const called = (): GoValue[] => {
      const values = args.slice(1).map((arg) => this.#argument(dot, 'any', arg))
      if (final !== MISSING) values.push(final)
      return values
    }
    if (receiver instanceof Time || receiver instanceof Int) {
      const method = timeField(receiver, name)
      if (method) return this.#guard(node, name, () => method(called()))
    }
    if (receiver instanceof Struct) {
      const method = receiver.methods.get(name)
      if (method) return this.#guard(node, name, () => method(called()))
      if (receiver.fields.has(name)) {
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`)
        return receiver.fields.get(name)
      }
    }
    if (receiver instanceof Dict) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`)
      return receiver.entries.get(name)
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`)
  }

  #function(dot: GoValue, node: Extract<Operand, { kind: 'identifier' }>, at: Operand | Command, args: readonly Operand[], final: Final): GoValue {
    this.#node = node
    const { name } = node
    const found = this.#e.functions.get(name)
    if (!found) return this.#fail(`${quoteForError(name)} is not a defined function`)
    const given = args.length - 1 + (final === MISSING ? 0 : 1)
    const fixed = found.parameters.length
    if (found.rest !== undefined) {
      if (given < fixed) this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${given}`)
    } else if (given !== fixed) this.#fail(`wrong number of args for ${name}: want ${fixed} got ${given}`)
    if (name === 'and' || name === 'or') {
      // Short circuit: the first argument that decides is the answer.
      let value: GoValue
      for (const arg of args.slice(1)) {
        value = this.#argument(dot, 'any', arg)
        if (isTrue(value) === (name === 'or')) return value
      }
      return final === MISSING ? value : final
    }
    const values: GoValue[] = []
    for (const arg of args.slice(1)) values.push(this.#argument(dot, found.parameters[values.length] ?? found.rest ?? 'any', arg))
    if (final !== MISSING) {
      const type = found.parameters[values.length] ?? found.rest ?? 'any'
      values.push(this.#valid(final, type))
    }
    if (name === 'call') {
      const callee = args[1] ? nodeText(args[1]) : ''
      return this.#guard(at, name, () => {
        if (values[0] === undefined || values[0] === null) throw new FunctionError('call of nil')
        throw new FunctionError(`non-function ${callee} of type ${typeName(values[0])}`)
      })
    }
    charge(values, found.isDeep, this.#e.environment.budget)
    return this.#guard(at, name, () => found.call(values, this.#e.environment))
  }

  #guard(at: Operand | Command, name: string, call: () => GoValue): GoValue {
    try {
      return call()
    } catch (error) {
      if (error instanceof LimitError || error instanceof TemplateError) throw error
      this.#node = at
      if (error instanceof FunctionError) return this.#fail(`error calling ${name}: ${error.message}`)
      throw error
    }
  }

  #valid(value: GoValue, type: ParameterType | undefined): GoValue {
    if (type === undefined) return value
    if (value === undefined || value === null) {
      if (canBeNil(type)) return type === 'any' ? value : nilOf(type)
      return this.#fail(value === undefined ? `invalid value; expected ${TYPE_NAMES[type]}` : `wrong type for value; expected ${TYPE_NAMES[type]}; got interface {}`)
    }
    if (!assignable(value, type)) this.#fail(`wrong type for value; expected ${TYPE_NAMES[type]}; got ${typeName(value)}`)
    return value
  }

  #argument(dot: GoValue, type: ParameterType | undefined, node: Operand): GoValue {
    this.#node = node
    switch (node.kind) {
      case 'dot':
        return this.#valid(dot, type)
      case 'nil':
        if (type === undefined || type === 'any') return undefined
        if (canBeNil(type)) return nilOf(type)
        return this.#fail(`cannot assign nil to ${TYPE_NAMES[type]}`)
      case 'field':
        return this.#valid(this.#field(dot, node, [node], MISSING), type)
      case 'variable':
        return this.#valid(this.#variableChain(dot, node, [], MISSING), type)
      case 'pipe':
        return this.#valid(this.#pipeline(dot, node), type)
      case 'identifier':
        return this.#valid(this.#function(dot, node, node, [node], MISSING), type)
      case 'chain':
        return this.#valid(this.#chain(dot, node, [node], MISSING), type)
      default:
    }
    const expected = (what: string): never => this.#fail(`expected ${what}; found ${nodeText(node)}`)
    switch (type) {
      case undefined:
      case 'any':
        return node.kind === 'number' ? this.#constant(node) : node.value
      case 'bool':
        return node.kind === 'bool' ? node.value : expected('bool')
      case 'string':
        return node.kind === 'string' ? node.value : expected('string')
      case 'int':
        return node.kind === 'number' && node.int !== undefined ? node.int : expected('integer')
      case 'int64':
      case 'uint32':
        return node.kind === 'number' && node.int !== undefined && (type === 'int64' || node.int >= 0n) ? new Int(type, node.int) : expected(type === 'int64' ? 'integer' : 'unsigned integer')
      case 'float64':
        return node.kind === 'number' && node.float !== undefined ? node.float : expected('float')
      default:
        return this.#fail(`can't handle ${nodeText(node)} for arg of type ${TYPE_NAMES[type]}`)
    }
  }
}
