"""Map files as Lean writes them: Facebook's two holders of FB, and Google's two shares."""

MAP_FILES = {
    "fb.1.csv": b"19990929,fb\n20030328,fb\n",
    "fb.csv": b"20120518,fb,Q\n20501231,fb,Q\n",
    "goog.csv": b"20140327,goocv,Q\n20140402,goocv,Q\n20501231,goog,Q\n",
    "googl.csv": b"20040819,goog,Q\n20140402,goog,Q\n20501231,googl,Q\n",
    "spy.csv": b"19980102,spy,P\n20501231,spy,P\n",
}
