/**
 * The parts of the `yaml` library that manifests need, to be imported dynamically: the library is CommonJS, and a bundler gives its own
 * dynamic import no named exports.
 * @module
 */
export { parseAllDocuments } from 'yaml'
