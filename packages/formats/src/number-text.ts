/**
 * The text forms of floats, one per place where the reference writes them. All start from the shortest digits that read back
 * as the same number. What tokens and the MAC hold is another form, `floatText` of core.
 * Follows: Go strconv `FormatFloat(value, 'g', -1, 64)`; getsops/sops stores/stores.go (ValToString); Go encoding/json.
 * @module
 */

const SWITCH_TO_EXPONENT = 6 // fixed for shortest digits, however many there are
const SMALLEST_POSITIONAL = -4

/** YAML: `100000`, `1e+06`, `1.5e-05`, `.inf`. */
export function floatG(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  if (Object.is(value, -0)) return '-0'
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < SMALLEST_POSITIONAL || exponent >= SWITCH_TO_EXPONENT) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  return String(value)
}

/** dotenv, INI and environments: as `floatG` with `E`, and never without a sign of being a float: `1.0`, `+Inf`. */
export function floatUpperG(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const text = floatG(value).toUpperCase()
  return text.includes('.') || text.includes('E') ? text : `${text}.0`
}
