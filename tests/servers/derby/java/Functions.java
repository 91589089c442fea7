import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.time.LocalDate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The functions of Informix that Derby lacks, and those that put Derby's catalogue into Informix's terms. */
public final class Functions {
    private static final long DAY_ZERO = LocalDate.of(1899, 12, 31).toEpochDay();
    private static final Pattern TYPE = Pattern.compile("([A-Z]+)(?: *\\(([0-9]+)(?:,([0-9]+))?\\))?(?: FOR BIT DATA)?( NOT NULL)?");
    private static final Pattern KEY = Pattern.compile("\\(([^)]*)\\)");

    private Functions() {}

    /** Returns the code of the first character. */
    public static Integer ascii(String text) {
        return text == null ? null : (Integer) (text.isEmpty() ? 0 : text.codePointAt(0));
    }

    /** Returns the days since 1899-12-31. */
    public static Integer dayNumber(Date date) {
        return date == null ? null : (Integer) (int) (date.toLocalDate().toEpochDay() - DAY_ZERO);
    }

    /** Returns the bytes of a text. */
    public static Integer octetLength(String text) {
        return text == null ? null : (Integer) text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Returns the whole part of a number. */
    public static BigDecimal trunc(BigDecimal number) {
        return number == null ? null : number.setScale(0, RoundingMode.DOWN);
    }

    /** Does nothing. */
    public static void nothing() {}

    /** Hands a message text to a client that asks what an error code means. */
    public static void message(
        String text, int sqlcode, short size, String tokens, String module, int d0, int d1, int d2, int d3, int d4,
        int d5, String warnings, String sqlstate, String file, String locale, String[] message, BigDecimal[] outcome,
        BigDecimal[] ccsid
    ) {
        message[0] = text;
        outcome[0] = BigDecimal.ZERO;
        ccsid[0] = BigDecimal.valueOf(1208);
    }

    /** Returns the type code of a column. */
    public static short columnType(String derby, boolean numbered) {
        Matcher type = parsed(derby);
        int code = code(type.group(1), type.group(2) == null ? 0 : Integer.parseInt(type.group(2)));
        code = numbered ? (code == 52 ? 53 : 6) : code;
        return (short) (code | (type.group(4) == null ? 0 : 0x100));
    }

    /** Returns the length of a column as Informix encodes it. */
    public static short columnLength(String derby) {
        Matcher type = parsed(derby);
        int size = type.group(2) == null ? 0 : Integer.parseInt(type.group(2));
        switch (type.group(1)) {
            case "SMALLINT":
                return 2;
            case "INTEGER":
            case "REAL":
            case "DATE":
                return 4;
            case "BIGINT":
            case "DOUBLE":
                return 8;
            case "BOOLEAN":
                return 1;
            case "TIMESTAMP":
                return (short) (14 * 256 + 10);
            case "TIME":
                return (short) (6 * 256 + 6 * 16 + 10);
            case "DECIMAL":
            case "NUMERIC":
                return (short) (size * 256 + (type.group(3) == null ? 0 : Integer.parseInt(type.group(3))));
            case "BLOB":
            case "CLOB":
                return 56;
            default:
                return (short) size;
        }
    }

    /** Returns the number of the extended type of a column, 0 where it is a plain one. */
    public static int extendedId(String derby) {
        int code = columnType(derby, false) & 0xff;
        return code == 43 ? 1 : code == 45 ? 5 : 0;
    }

    /** Returns whether an index is unique (U) or not (D). */
    public static String indexType(String index) {
        return index.startsWith("UNIQUE") ? "U" : "D";
    }

    /** Returns the nth column of an index, negative where it descends, 0 where there is none. */
    public static short indexPart(String index, int nth) {
        Matcher key = KEY.matcher(index);
        String[] parts = key.find() ? key.group(1).split(",") : new String[0];
        if (nth > parts.length) {
            return 0;
        }
        String[] part = parts[nth - 1].trim().split(" ");
        int column = Integer.parseInt(part[0]);
        return (short) (part.length > 1 && part[1].equals("DESC") ? -column : column);
    }

    /** Returns a number for something of the catalogue that Derby knows by a UUID only. */
    public static int number(String uuid) {
        return 1000000 + (uuid.hashCode() & 0x3fffffff);
    }

    private static int code(String name, int size) {
        switch (name) {
            case "CHAR":
                return 0;
            case "SMALLINT":
                return 1;
            case "INTEGER":
                return 2;
            case "DOUBLE":
                return 3;
            case "REAL":
                return 4;
            case "DECIMAL":
            case "NUMERIC":
                return 5;
            case "DATE":
                return 7;
            case "TIMESTAMP":
            case "TIME":
                return 10;
            case "BLOB":
                return 11;
            case "CLOB":
                return 12;
            case "BOOLEAN":
                return 45;
            case "BIGINT":
                return 52;
            default:
                return size > 255 ? 43 : 13;
        }
    }

    private static Matcher parsed(String derby) {
        Matcher type = TYPE.matcher(derby);
        if (!type.matches()) {
            throw new IllegalArgumentException("a type that is not known: " + derby);
        }
        return type;
    }
}
