/**
 * Names of zones where JavaScript's locales and the tz database do not agree, at offsets of today. `-` stands for none: the offset is the name.
 * Follows: tz database 2025b, as Go prints it.
 * @module
 */

const NAMES: readonly (readonly [name: string, zones: string])[] = [
  ['HST', 'America/Adak-10'],
  ['HDT', 'America/Adak-09'],
  ['MST', 'America/Dawson-07 America/Hermosillo-07 America/Mazatlan-07 America/Whitehorse-07'],
  ['CST', 'America/Havana-05 Asia/Macau+08 Asia/Shanghai+08 Asia/Taipei+08'],
  ['CDT', 'America/Havana-04'],
  ['SST', 'Pacific/Midway-11 Pacific/Pago_Pago-11'],
  ['ChST', 'Pacific/Guam+10 Pacific/Saipan+10'],
  ['GMT', 'GMT+00'],
  ['BST', 'Europe/Guernsey+01 Europe/Isle_of_Man+01 Europe/Jersey+01'],
  ['IST', 'Europe/Dublin+01 Asia/Jerusalem+02'],
  ['IDT', 'Asia/Jerusalem+03'],
  ['MET', 'MET+01'],
  ['MEST', 'MET+02'],
  ['MSK', 'Europe/Kirov+03 Europe/Moscow+03 Europe/Simferopol+03 Europe/Volgograd+03'],
  ['PKT', 'Asia/Karachi+05'],
  ['WIB', 'Asia/Jakarta+07 Asia/Pontianak+07'],
  ['WITA', 'Asia/Makassar+08'],
  ['WIT', 'Asia/Jayapura+09'],
  ['HKT', 'Asia/Hong_Kong+08'],
  ['PST', 'Asia/Manila+08'],
  ['KST', 'Asia/Pyongyang+09 Asia/Seoul+09'],
  ['JST', 'Asia/Tokyo+09 Japan+09'],
  ['-', 'America/Miquelon-03 America/Miquelon-02 Antarctica/Casey+08 Antarctica/Troll+00 Asia/Colombo+0530 Asia/Dubai+04 Asia/Muscat+04'],
  ['-', 'Australia/Eucla+0845 Australia/Lord_Howe+11 Australia/Lord_Howe+1030 Pacific/Chatham+1345 Pacific/Chatham+1245'],
]

const BY_ZONE = new Map(NAMES.flatMap(([name, zones]) => zones.split(' ').map((zone) => [zone, name] as const)))

/** @param offset - as its name is written: `+0530`, `-03` */
export function zoneName(zone: string, offset: string): string | undefined {
  const name = BY_ZONE.get(zone + offset)
  return name === '-' ? offset : name
}
