"""The report of a tree as one page of HTML that needs no network: who reads a tree need not have this library.

``gather`` asks the tree, ``sections`` and ``details`` tell it, ``document`` makes one file of it. What comes from a
tree is text wherever it stands: :mod:`runcheck.page.html` is the only module that makes markup.
"""
