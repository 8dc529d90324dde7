/** Of this program; releases set it in package.json. */
import manifest from '../package.json' with { type: 'json' }

export const VERSION: string = `v${manifest.version}`
