/** Bodies that many recorded answers share. */

export const NOT_FOUND_TEXT = "not found\n";

export const NOT_FOUND_PAGE =
  "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD><BODY><H1>Not Found</H1>The requested document was not found on this server.<P><HR><ADDRESS>mochiweb+webmachine web server</ADDRESS></BODY></HTML>";

export const NOT_ACCEPTABLE_PAGE =
  "<html><head><title>406 Not Acceptable</title></head><body><h1>Not Acceptable</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>";

export const PRECONDITION_PAGE =
  "<html><head><title>412 Precondition Failed</title></head><body><h1>Precondition Failed</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>";

export const CONFLICT_PAGE =
  "<html><head><title>409 Conflict</title></head><body><h1>Conflict</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>";

export const NOT_ALLOWED_PAGE =
  "<html><head><title>405 Method Not Allowed</title></head><body><h1>Method Not Allowed</h1><p><hr><address>mochiweb+webmachine web server</address></body></html>";
