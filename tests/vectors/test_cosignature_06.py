"""A cosignature of type 06 that another implementation made."""

from ledger.cosignature import cosign, verify_cosignature
from ledger.mldsa import PostQuantumKey
from ledger.note import SignatureLine

# proofbundle 6.3.1 (PyPI), `cosign_checkpoint_mldsa`, with the key of the seed 00 01 … 1f, over the
# checkpoint of c2sp.org/tlog-cosignature's example; it verified one of ours likewise.
KEY = PostQuantumKey("witness.example/w1", bytes(range(32)))
TIME = 1679315147
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LINE = (
    "— witness.example/w1 "
    "3Mz57AAAAABkGFDLNVuqIyyMqbZsDAAVs4hH2NSwJVsKD7n/SDxDHGGVbSDnpKCJeqj5KW6GhmKQOICEvz65n9Qla3hx"
    "oR+h/bTihhJb5Fg/eKwXwt12qIpxl/RtAfwzF6VdqP8KVhZzPLCVi6o/qkaYp4SnZwbkLpMYPycrjEkCwrO15rNVLS6n"
    "rV6EUtfatCL5YDKjd62U59rhE7WJAznyky+H2yfpPinTX3ppQwEWtwsw5ctzTY1H9nqQ5HhELLNEjQvPHQrIi1x4EmcL"
    "FgbbKQpMenjAZVXYcK9cWeWR0dvYqpUmmxeIta0CTTuKCd8XoRLTIqGaHR2JXYBeKl3mX8gMRz919CBIejwLQxfJnrTu"
    "+U2Bj9i+Rs/dnAOfH8MPenjFyUHvhp3y3wAF2x/FY2JKIQxYZZdDu/6JSL3/wG4q4nKeIiY+9yFjcah5nqzC/Cl/m4um"
    "++CUR3biQ07tKGhbQl7l6w4O36sm4Fn/SYfidq7igll3LNgCXsyIeCBDyz5LF5pj43D2D60fA5JWRoE6lgXj9FZ+rQOw"
    "9Giuy3AlWh3RSyIalJJ46cHoHDwSMF0D16N0XotNB7dcyLKK9fcRsyRU6u0KUCDmvtlBP6yZiK2toubLO+ACMlEMryH9"
    "wDd7oY+2VkecmaYE+rgG8/8T41rdmHkQlg1ZLJUjir/x1FuQWnRLVEB6ixSW3bSgA/OKk9bmLtsdevEzgk2QS4pVcmH4"
    "WOSUyMYNlcxHt7310UTNhlDOdOvPn8xdA1RjPNbyeQfbIpP3+QOBX68R+wzcllJxAc7L3b6IM2o3GbcUm0cYUuBrrw/G"
    "vdMHWXCaiScs4QtfKXXx+yo66/ozxC+o1GiGNorBVm1yASyDW7xNcJXaIUPU5F4/A1KJge9czrm0aIusvP7q+sAjHFRZ"
    "uPz5mi+fbAtYj6bt3T2i/TP7RZhfuhudRJE3xf54I7GaW7ugsxxhSs9YftsUCY7LOA6LeNHi8TKdQQqOVdO5rrs73muC"
    "yuADAPIWun9tzsA1QwH2z/yZtp68sN2fb17Ng5WHaDDoqlsH1sZqgehV9w0nr1vof7r+xGWXb+J3DZvOyGXk096mgydf"
    "+uTMszSJdOCuz4rOx9r0LNS+rPwzYUNEb0om2ohv8GHCDlnmeSShEaTgh9Rmr5MRK3HB+B99OnAvf/JF3JghBtbhO1RU"
    "kF8pNHkb15NZTuc2XN3HOHzXr9y45jpXzy7a0aUy0j+iBYMJdKtDZ8fvgKR44nTBh1+084QapL/+539jgpuxrz4CF1d/"
    "cgh5VqMT3FZavcMzKgYEGrBuFwS4wqjJ9KIT/8JbNp5ki7NxzeCbv3Rss4YPq6HBmA6NKvVoAvTXsWtG7rDfEO6bjuWA"
    "nAxOSv/e5JfDOnAfbJ5qbRNgzXAQ9Wv070DzWAzEVdHhWrERslVoyM37Z/ydQwRtxUZa0QgtviTc4YfYgqR+S1YWJkXK"
    "lkQuwpqLhVwPgNQirmCOVLGlU6AhXPZmR3s6n70WqZ518NLsxHzkxRxJvt+i+hA9ibAcSu9X3nQb93xGBfC3xcDYL31H"
    "QWaG2spxc4zSNGX1qPP7QXzkTMMG2dBvknJnUwwcHc3HDrntl1qqrvmddMcXvCRHybz2okwx5dtKleBT5Q8Fgl6TYFiA"
    "JAfDIrEGNdPHq0gBLg/h05nAm9Lp0S5hgWFqd5Jrk5yXBq6SbomkQAmD9RD6kvTvcs/sgrVqn4dewghYCsDakIWleGhQ"
    "ovlcmMhhJZfMP3gKWebSRzA9mwD+O6V7CFE0hG6MKX/QSEQCI61cwJTJXLHCROJf29RioMoDiJQU6iCS4WGGZAbAaYGU"
    "ZBYtflX/lQaqW9hPD+Z99QO0yNxopAsE8yKMPxewnocaLcN61ziJPivJ8CZzouybVkJf9el3uFloht8T8Yl6inf6Vjlc"
    "tToJOQrci5NztnXtllthoZ1sfNSoHQgTWihMIuZ1lPHcO01WYnW6q6SSFTE2lUEptIty92bO+YLoCchs2x07FEN3Y61e"
    "Ks7NH+Jpnu/rRjEE36e6qY5gnYVH0ANFF4o6JeR/nvUOi0Ank0/VMs8afy5rDD91fVFBpfHbTJDfUPjVaUmm4BWRbIou"
    "+0EJxohHOKcO6Ij8rrYBZjp/h7TxXF/Kb9ngxfsBD6zs7smhTh3N/E4B+BELNKkqH62dYitBBbbzI5uBaa6JOpGtS5fV"
    "RnR3TcCq2ewXIDayW+RT0tHaqlN37ExAxCGyLKtrXbfqN5Jox2YHFv6QC2bmz9E3cI9wTzHxKYe/mhIFvBe9veeV7mQt"
    "X+qaoioH5XoUfs6UYyJf7Nw4aTMVgcnSGcXN91J+Uuqq6B0+vSWe/HrSDczh7sD9aeocXONc21Zxu7zTKr2pMlXqRob5"
    "0GjcE7Rnq+TitUVXva8hvlrG8cDOtwDtmbLmL0EQ5hbrHud91NbDiutpGfTgeYMH6BAfrhr8Z/n7wfQ/AAPJ5yuEZPHk"
    "nTqad2UCqRO6u3XZGw/NyvvVNKaJDDqukEek5rT+UkCurKgvPLf/PhpBEHCSVTBth0/hVaAJKhfS4iaY2odVcpVX/jjL"
    "/wXVZK2ISUsfcVoxXGUlV7DHVmDjrBVBnVJ3U6ZZ/W2CrGlp3xtW8ZSZMbF0BEn7G8g1Gfl+/3bx+zOXtKzgpoKl0znK"
    "1tHcp/DqWUqSmHv2IGOgaEvqgOgL3shntOERyBTzB1eA92DXKRaHMjPjdWro6xyc6f+r+gLe8GgvxY6nGMaioZdCpfZL"
    "o0MC41ZyHcnTJYFhipJfu8knMD5fx5r6idWYr3s4sdrBfT7fkXyjIfGOI7c85Wun2+wYhdUGyco5ErQgvEun0t4R2OYE"
    "nubSouozKcbOmCfnOEkV83Fip88iAttcmNdJeUDDDOmtuXIooKm62ZMDtt2gTvamwTKTR9XFO0Dv5+eE9SRt2FF9M9D5"
    "ehGc5B9tukyKSYH9y96n0GwnqpM2cs700kTTnCvl/iNBmDF0YnupJGCleUR8+l4uewcVEz4wMhfOJCttbEEyy2d9YM7K"
    "yVZjjMR4nEigilMVD/lI3jGm70knWwKGuoUf5L7xOlGmIslwD611zR6+tnVhk/seV9M+enJpjOxelzXCSSJHJ7WWrCfC"
    "Cd8HGCElVl1hc4SmreL8ERklK19lb4CLlMjU3e32AgYUFx0wYYCjpKi9vsvc6/sQLT1ATlBaZIyYmrfn8gAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAA0cLTs="
    "\n"
)


def test_anothers_cosignature_verifies_and_names_the_same_key() -> None:
    line = SignatureLine.decode(LINE)

    assert line.key_id == KEY.verifier.id == cosign(TEXT, key=KEY, time=TIME).key_id
    assert verify_cosignature(line, checkpoint_text=TEXT, key=KEY.verifier) == TIME
