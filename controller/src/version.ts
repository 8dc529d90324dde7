/** Of this program; the same as in package.json. */
export const VERSION = 'v0.1.0'
