/** What the admin service has done since it started. */
export class AdminCounters {
  usersCreated = 0;
  usersRemoved = 0;
  passwordsChanged = 0;
  importedLines = 0;
  badLines = 0;
  requests = 0;
  unauthorisedRequests = 0;
}
