/*
 * What a Python module of a service's own can't be called: it would take the place of what others import.
 */

/** Python's keywords and standard modules, of 3.11 to 3.14. */
const pythons = `
  abc aifc and antigravity argparse array as assert ast async asynchat asyncio asyncore atexit audioop await base64
  bdb binascii bisect break builtins bz2 calendar case cgi cgitb chunk class cmath cmd code codecs codeop collections
  colorsys compileall compression concurrent configparser contextlib contextvars continue copy copyreg crypt csv
  ctypes curses dataclasses datetime dbm decimal def del difflib dis distutils doctest elif else email encodings
  ensurepip enum errno except faulthandler fcntl filecmp fileinput finally fnmatch for fractions from ftplib functools
  gc genericpath getopt getpass gettext glob global graphlib grp gzip hashlib heapq hmac html http idlelib if imaplib
  imghdr imp import importlib in inspect io ipaddress is itertools json keyword lambda lib2to3 linecache locale
  logging lzma mailbox mailcap marshal match math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis
  nntplib nonlocal not nt ntpath nturl2path numbers opcode operator optparse or os ossaudiodev pass pathlib pdb pickle
  pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr
  pydoc pydoc_data pyexpat queue quopri raise random re readline reprlib resource return rlcompleter runpy sched
  secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3
  sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys
  sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit tkinter token
  tokenize tomllib trace traceback tracemalloc try tty turtle turtledemo types typing unicodedata unittest urllib uu
  uuid venv warnings wave weakref webbrowser while winreg winsound with wsgiref xdrlib xml xmlrpc yield zipapp zipfile
  zipimport zlib zoneinfo
`;

/** What the lock of a new service brings, and what lies beside its package. */
const besides = `
  aio_pika aiormq annotated_doc annotated_types anyio ast_serialize async_timeout certifi click dotenv event_store
  fastapi h11 httpcore httpcore2 httpx httpx2 idna iniconfig librt multidict mypy mypy_extensions opentelemetry
  opentelemetry_api packaging pamqp pathspec pip pluggy prometheus_client propcache psycopg psycopg_binary
  psycopg_pool pydantic pydantic_core pydantic_settings pygments pytest python_dotenv redis ruff setuptools starlette
  tests truststore typing_extensions typing_inspection uvicorn wheel yarl
`;

const taken = new Set(`${pythons} ${besides}`.split(/\s+/));

/** The Python module of a service: its name, or with `_service` behind it where that is another module's. */
export function moduleName(service: string): string {
  const name = service.replaceAll("-", "_");
  return taken.has(name) ? `${name}_service` : name;
}
