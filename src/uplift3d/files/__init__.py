"""Reading and writing files safely; every reader and writer goes through here.

Out (`output`): a place that cannot be written is refused before any work, and nothing is left half written.
In: one guarded reader per family of files, which checks sizes before it takes memory and lets nothing but
`InputError` out, however damaged or hostile the file: `arrays` (.npz, .npy), `pickles` (the field's pickled
ones, without letting them run code) and `json_text`. `guards` is what they share.
"""

from uplift3d.files.output import atomic_write, check_writable

__all__ = ["atomic_write", "check_writable"]
