/**
 * Functions as templates call them: parameter types are checked as Go's reflection does.
 * @module
 */
import { Dict, Int, List, Struct, Time, typeName, type GoValue } from './values.ts'

export type ParameterType = 'any' | 'string' | 'int' | 'int64' | 'uint32' | 'float64' | 'bool' | 'dict' | 'list' | 'time' | 'certificate'

export const TYPE_NAMES: Readonly<Record<ParameterType, string>> = {
  any: 'interface {}',
  string: 'string',
  int: 'int',
  int64: 'int64',
  uint32: 'uint32',
  float64: 'float64',
  bool: 'bool',
  dict: 'map[string]interface {}',
  list: '[]interface {}',
  time: 'time.Time',
  certificate: 'sprig.certificate',
}

/** Bounds of one rendering, counted down as it goes. */
export interface Budget {
  /** Throws LimitError when time is over. */
  tick(steps?: number): void
  /** Throws LimitError when a value of that many bytes or items is more than may be made. */
  allow(size: number): void
}

export interface Environment {
  readonly budget: Budget
  readonly now: () => Date
  readonly random: (bytes: number) => Uint8Array
}

export interface GoFunction {
  readonly parameters: readonly ParameterType[]
  /** Type of further arguments; undefined: none are taken. */
  readonly rest: ParameterType | undefined
  /** Whether it reads lists and dicts to their depth; others look at their first level. */
  readonly isDeep: boolean
  call(args: readonly GoValue[], environment: Environment): GoValue
}

/**
 * @param types - parameter types separated by blanks; `...type` last takes any number
 * @param call - declares its arguments as the types promise; they are checked before it is called
 */
export function fn<A extends readonly unknown[]>(types: string, call: (args: A, environment: Environment) => GoValue): GoFunction {
  const words = types.split(' ').filter((word) => word !== '')
  const variadic = words.at(-1)?.startsWith('...') ? words.pop()?.slice(3) : undefined
  return { parameters: words as ParameterType[], rest: variadic as ParameterType | undefined, isDeep: false, call: call as unknown as GoFunction['call'] }
}

export function deep(shallow: GoFunction): GoFunction {
  return { ...shallow, isDeep: true }
}

export function canBeNil(type: ParameterType): boolean {
  return type === 'any' || type === 'dict' || type === 'list'
}

/** What a function gets for nil: a map or a list without anything in it. */
export function nilOf(type: ParameterType): Dict | List {
  return type === 'dict' ? new Dict() : List.ofFound([])
}

export function assignable(value: Exclude<GoValue, undefined | null>, type: ParameterType): boolean {
  switch (type) {
    case 'any':
      return true
    case 'dict':
      return value instanceof Dict && value.of === 'interface {}'
    case 'list':
      return value instanceof List && value.of === 'interface {}'
    case 'time':
      return value instanceof Time
    case 'certificate':
      return value instanceof Struct && value.type === 'sprig.certificate'
    case 'int64':
    case 'uint32':
      return value instanceof Int && value.type === type
    default:
      return typeName(value) === type
  }
}
