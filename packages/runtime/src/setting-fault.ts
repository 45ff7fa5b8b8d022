/**
 * A setting that fits its type and still cannot be used, as a service finds out at its start: a file that is not there,
 * two that do not belong together. Ends the process with the code of wrong settings.
 */
export class SettingFault extends Error {
  override readonly name = "SettingFault";
  readonly code = "setting";
}
