"""A run, in stages, each a module and a function from the list of the stage before to that of the next.

1. :mod:`.discover`: from the paths of the command line to the files to read;
2. :mod:`.prepare`: their configurations, rules and baselines;
3. :mod:`.read`: from files to inputs, and from these to documents with :mod:`.load`;
4. :mod:`.versions`: the release and the target of the server that each document is for;
5. :mod:`.join`: the documents to check: what one server gets from several files is one document;
6. :mod:`.check`: the findings in each document, and in what surrounds its server;
7. :mod:`.compare`: the findings of documents that are compared with each other;
8. :mod:`.accept`: which findings are accepted, and what accepts none;
9. :mod:`.merge`: findings merged, and their fixes as edits and commands;
10. :mod:`.record`, for the reports that show it: which rules were checked, and with what result.

:mod:`.lint` runs them. The command line, the language server and :mod:`linter.api` all call its functions.
"""

from .lint import Check, LoadedDocuments, checks, lint_input, lint_paths, load_documents, read_paths
from .state import NewBaseline, Options, Outcome

__all__ = [
    "Check",
    "LoadedDocuments",
    "NewBaseline",
    "Options",
    "Outcome",
    "checks",
    "lint_input",
    "lint_paths",
    "load_documents",
    "read_paths",
]
