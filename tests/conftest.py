"""The folder of this file is where `support`, the helpers of the tests, is imported from."""

import signal
import threading

# A job in the background or under nohup may ignore Ctrl-C, and so would all programs that it starts: tests that send it
# would then wait for ever for work that fills the memory. A handler is not inherited; programs begin with the default.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
