/** Of the programs; the packages carry the same. */
export const WAXSEAL_VERSION = '0.1.0'
