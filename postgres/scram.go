package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

const (
	// scramIterations and scramSalt (bytes) are PostgreSQL's own defaults. The password is random, so more work per
	// connection would protect nothing.
	scramIterations = 4096
	scramSalt       = 16
	scramPrefix     = "SCRAM-SHA-256$"
)

// scramVerifier is what PostgreSQL stores in place of a password (RFC 5802, RFC 7677). Ladder computes it itself, so that
// the password stands in no statement, and thus in no log of statements.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, scramSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("making a salt: %w", err)
	}
	return scramVerifierWith(password, salt, scramIterations)
}

func scramVerifierWith(password string, salt []byte, iterations int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("salting the password: %w", err)
	}
	storedKey := sha256.Sum256(sign(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return scramPrefix + strconv.Itoa(iterations) + ":" + encode(salt) + "$" +
		encode(storedKey[:]) + ":" + encode(sign(salted, "Server Key")), nil
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// scramMatches reports whether a stored verifier is one of the password.
func scramMatches(verifier, password string) bool {
	parameters, _, found := strings.Cut(strings.TrimPrefix(verifier, scramPrefix), "$")
	iterationsText, saltText, separated := strings.Cut(parameters, ":")
	iterations, err := strconv.Atoi(iterationsText)
	if !strings.HasPrefix(verifier, scramPrefix) || !found || !separated || err != nil || iterations < 1 {
		return false
	}
	salt, err := base64.StdEncoding.DecodeString(saltText)
	if err != nil {
		return false
	}
	expected, err := scramVerifierWith(password, salt, iterations)
	return err == nil && subtle.ConstantTimeCompare([]byte(expected), []byte(verifier)) == 1
}
