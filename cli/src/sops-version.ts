/** The version of SOPS whose format and command line are followed. Files carry it, and SOPS compares it with its own. */
export const SOPS_VERSION = '3.13.2'
